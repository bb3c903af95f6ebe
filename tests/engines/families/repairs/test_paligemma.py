"""PaliGemma after its repairs: pictures at their places, windows while it writes, rows that mind their padding."""

import importlib

import numpy as np
import pytest

from tests.engines.families.repairs import reference
from tests.engines.families.repairs.reference import norm, turned
from vlmkit.engines.desk import desk

IMAGE = 9
VOCABULARY = 12
WINDOW = 5
PATCHES = 4
TEXT = {
    "hidden_size": 24,
    "intermediate_size": 20,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "vocab_size": VOCABULARY,
    "rope_theta": 100.0,
    "query_pre_attn_scalar": 6,
    "attn_logit_softcapping": 20.0,
    "final_logit_softcapping": 10.0,
    "sliding_window": WINDOW,
    "use_bidirectional_attention": True,
}
VISION = {
    "model_type": "siglip_vision_model",
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "patch_size": 2,
    "image_size": 4,
    "projection_dim": TEXT["hidden_size"],
}
PROMPT = [*[IMAGE] * PATCHES, 2, 3, 4]
WRITTEN = [5, 6, 7, 8, 1, 2, 3]


def build(kind="gemma2"):
    from mlx_vlm.models import paligemma

    config = paligemma.ModelConfig(
        text_config=paligemma.TextConfig(**TEXT, model_type=kind),
        vision_config=paligemma.VisionConfig(**VISION),
        image_token_index=IMAGE,
        vocab_size=VOCABULARY,
    )
    return reference.numbered(paligemma.Model(config))


def mend(model):
    module = importlib.import_module("vlmkit.engines.families.repairs.paligemma")
    return [row.after_load(model, None, {}) for row in (module.PICTURES, module.WINDOW)]


def pixels_of(count):
    return np.random.default_rng(3).normal(size=(count, 3, 4, 4)).astype(np.float32)


def embedded(model, ids, pixels):
    import mlx.core as mx

    given = mx.array([ids])
    return model.get_input_embeddings(given, mx.array(pixels), mask=mx.ones_like(given)).inputs_embeds


def written(model, prompt, pixels):
    """Logits behind the prompt and each token of `WRITTEN`, one step after another."""
    import mlx.core as mx

    language = model.language_model
    cache = language.make_cache()
    steps = [language(mx.array([prompt]), inputs_embeds=embedded(model, prompt, pixels), cache=cache).logits[0, -1]]
    steps += [language(mx.array([[token]]), cache=cache).logits[0, -1] for token in WRITTEN]
    # What has left the window is not kept.
    assert [layer.size() for layer in cache] == [WINDOW, len(prompt) + len(WRITTEN), WINDOW]
    return np.array(mx.stack(steps))


def features(model, pixels):
    """What the tower sees in each picture, looked at alone."""
    import mlx.core as mx

    tower = model.vision_tower
    seen = []
    for picture in pixels:
        *_, hidden = tower(mx.array(picture[None]).transpose(0, 2, 3, 1), output_hidden_states=True)
        seen.append(np.array(model.multi_modal_projector(tower.vision_model.post_layernorm(hidden[-1]))[0]))
    return np.concatenate(seen)


def layer(h, w, prefix, sees):
    query, key, value = (
        reference.heads(norm(h, w[f"{prefix}.input_layernorm.weight"]), w[name], 8)
        for name in (f"{prefix}.self_attn.{n}_proj.weight" for n in "qkv")
    )
    query, key = turned(query, TEXT["rope_theta"]), turned(key, TEXT["rope_theta"])
    scale, cap = TEXT["query_pre_attn_scalar"] ** -0.5, TEXT["attn_logit_softcapping"]
    mixed = reference.attended(query, key, value, sees, scale, cap) @ w[f"{prefix}.self_attn.o_proj.weight"].T
    h = h + norm(mixed, w[f"{prefix}.post_attention_layernorm.weight"])
    made = reference.gated(norm(h, w[f"{prefix}.pre_feedforward_layernorm.weight"]), w, f"{prefix}.mlp")
    return h + norm(made, w[f"{prefix}.post_feedforward_layernorm.weight"])


def expected(model, prompt, seen):
    """The same by definition: a prompt sees itself, what is written looks back, in each second layer to a window."""
    w = reference.weights_of(model.language_model)
    ids = np.array([*prompt, *WRITTEN])
    h = w["model.embed_tokens.weight"][ids] * np.sqrt(TEXT["hidden_size"])
    h[ids == IMAGE] = seen

    for number in range(TEXT["num_hidden_layers"]):
        window = WINDOW if number % 2 == 0 else len(ids)

        def sees(query, key, window=window):
            return max(query, key) < len(prompt) or query - window < key <= query

        h = layer(h, w, f"model.layers.{number}", sees)
    logits = norm(h, w["model.norm.weight"]) @ w["model.embed_tokens.weight"].T
    cap = TEXT["final_logit_softcapping"]
    return np.tanh(logits / cap)[len(prompt) - 1 :] * cap


@pytest.mark.parametrize("pictures", [1, 2])
@pytest.mark.usefixtures("repairs")
def test_a_repaired_model_is_paligemma_2(pictures):
    """Behind a prompt longer than the window, and while that leaves the prompt behind."""
    prompt = [*[IMAGE] * PATCHES * pictures, 2, 3, 4]

    def work():
        model = build()
        assert mend(model) == [True, True]
        pixels = pixels_of(pictures)
        return written(model, prompt, pixels), expected(model, prompt, features(model, pixels))

    logits, right = desk().call(work)
    assert np.abs(logits - right).max() < 1e-4


@pytest.mark.parametrize("kind", ["gemma", "gemma2"])
@pytest.mark.usefixtures("repairs")
def test_rows_of_a_batch_write_what_they_write_alone(kind):
    """A short prompt joins a long one, and neither sees the other's padding."""
    short = [*[IMAGE] * PATCHES, 2]
    long = [*[IMAGE] * PATCHES, *[2, 3, 4] * 4]

    def work():
        from vlmkit.engines.decoding import Prompt, SharedBatch

        model = build(kind)
        mend(model)

        def rows(*prompts):
            import mlx.core as mx

            batch = SharedBatch(model, len(prompts))
            seen = [[] for _ in prompts]
            for row, ids in enumerate(prompts):
                given = mx.array([ids])
                inputs = {"input_ids": given, "pixel_values": mx.array(pixels_of(1)), "attention_mask": given > 0}

                def keep(_tokens, logits, row=row):
                    seen[row].append(np.array(logits).reshape(-1))
                    return logits

                batch.admit(row, Prompt(text="", token_ids=ids, inputs=inputs), [keep], 9)
            for _ in range(9):
                batch.step()
            batch.close()
            return [np.array(logits)[:9] for logits in seen]

        return rows(long, short), rows(long) + rows(short)

    together, alone = desk().call(work)
    for one, other in zip(together, alone, strict=True):
        assert np.abs(one - other).max() < 1e-4


@pytest.mark.usefixtures("repairs")
def test_a_mended_mlx_vlm_is_left_alone():
    """One that makes caches of its own, and sees a second picture."""

    def work():
        from mlx_vlm.models import paligemma

        module = importlib.import_module("vlmkit.engines.families.repairs.paligemma")

        class Seeing(paligemma.Model):
            def __init__(self, config):
                super().__init__(config)
                # As mended, whatever that looks like.
                self.get_input_embeddings = mended.get_input_embeddings.__get__(self)

        mended = build()
        mend(mended)
        model = build()
        model.language_model.make_cache = list
        model.__class__ = Seeing
        return [row.after_load(model, None, {}) for row in (module.PICTURES, module.WINDOW)]

    assert desk().call(work) == [False, False]
