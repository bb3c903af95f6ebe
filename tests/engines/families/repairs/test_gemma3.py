"""Gemma 3 after its repairs computes what a plain reading of its definition computes, picture by picture."""

import importlib

import numpy as np
import pytest

from tests.engines.families.repairs import reference
from tests.engines.families.repairs.reference import norm, turned
from vlmkit.engines.desk import desk

IMAGE = 9
VOCABULARY = 12
WINDOW = 5
TEXT = {
    "model_type": "gemma3_text",
    "hidden_size": 24,
    "intermediate_size": 20,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "rms_norm_eps": 1e-6,
    "vocab_size": VOCABULARY,
    "rope_global_base_freq": 1e4,
    "rope_local_base_freq": 100.0,
    "query_pre_attn_scalar": 8,
    "sliding_window": WINDOW,
    "sliding_window_pattern": 3,
    "mm_tokens_per_image": 4,
}
VISION = {
    "model_type": "siglip_vision_model",
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "patch_size": 2,
    "image_size": 4,
}
PICTURE = [IMAGE] * 4
# Two pictures that touch would be one; those of Gemma's processor never do.
TWO = [2, *PICTURE, 3, 4, *PICTURE, 5, 6]


def build(**changes):
    """A model with weights that are the same each time."""
    from mlx_vlm.models import gemma3

    config = gemma3.ModelConfig(
        text_config=gemma3.TextConfig(**TEXT | changes),
        vision_config=gemma3.VisionConfig(**VISION),
        model_type="gemma3",
        image_token_index=IMAGE,
        vocab_size=VOCABULARY,
    )
    return reference.numbered(gemma3.Model(config))


def mend(model):
    module = importlib.import_module("vlmkit.engines.families.repairs.gemma3")
    return [row.after_load(model, None, {}) for row in (module.STRENGTH, module.ATTENTION)]


def answer(model, ids, pixels):
    """Logits behind each token, as the prefill of a batch makes them: all but the last, then the last."""
    import mlx.core as mx

    given = mx.array([ids])
    made = model.get_input_embeddings(given, mx.array(pixels), mask=mx.ones_like(given)).inputs_embeds
    cache = model.language_model.make_cache()
    parts = [
        model.language_model(given[:, part], inputs_embeds=made[:, part], cache=cache).logits
        for part in (slice(0, -1), slice(-1, None))
    ]
    return np.array(mx.concatenate(parts, axis=1)[0]), np.array(made[0])


def features(model, pixels):
    import mlx.core as mx

    hidden, _, _ = model.vision_tower(mx.array(pixels).transpose(0, 2, 3, 1), output_hidden_states=True)
    return np.array(model.multi_modal_projector(hidden)).reshape(-1, TEXT["hidden_size"])


def sees(query, key, pictures, *, is_sliding):
    """The definition: what came before or belongs to the same picture; in a sliding layer no further back than w."""
    seen = key <= query or (pictures[query] == pictures[key] > 0)
    return seen and (not is_sliding or key > query - WINDOW)


def attention(x, w, prefix, pictures, *, is_sliding):
    query, key, value = (reference.heads(x, w[f"{prefix}.{n}_proj.weight"], TEXT["head_dim"]) for n in "qkv")
    base = TEXT["rope_local_base_freq" if is_sliding else "rope_global_base_freq"]
    query, key = (turned(norm(a, w[f"{prefix}.{n}_norm.weight"]), base) for a, n in ((query, "q"), (key, "k")))
    mixed = reference.attended(
        query,
        key,
        value,
        lambda q, k: sees(q, k, pictures, is_sliding=is_sliding),
        TEXT["query_pre_attn_scalar"] ** -0.5,
    )
    return mixed @ w[f"{prefix}.o_proj.weight"].T


def expected(model, ids, pictures_seen):
    """Logits of a plain numpy reading of Gemma 3; words are scaled by the root of the width, pictures are not."""
    w = reference.weights_of(model.language_model)
    pictures = np.cumsum([t == IMAGE and (i == 0 or ids[i - 1] != IMAGE) for i, t in enumerate(ids)])
    pictures = np.where(np.array(ids) == IMAGE, pictures, 0)
    h = w["model.embed_tokens.weight"][ids] * np.sqrt(TEXT["hidden_size"])
    h[np.array(ids) == IMAGE] = pictures_seen
    for layer in range(TEXT["num_hidden_layers"]):
        p = f"model.layers.{layer}"
        is_sliding = (layer + 1) % TEXT["sliding_window_pattern"] != 0
        r = attention(norm(h, w[f"{p}.input_layernorm.weight"]), w, f"{p}.self_attn", pictures, is_sliding=is_sliding)
        h = h + norm(r, w[f"{p}.post_attention_layernorm.weight"])
        x = norm(h, w[f"{p}.pre_feedforward_layernorm.weight"])
        h = h + norm(reference.gated(x, w, f"{p}.mlp"), w[f"{p}.post_feedforward_layernorm.weight"])
    return norm(h, w["model.norm.weight"]) @ w["lm_head.weight"].T


def pixels_of(count):
    return np.random.default_rng(3).normal(size=(count, 3, 4, 4)).astype(np.float32)


@pytest.mark.parametrize("ids", [[2, *PICTURE, 3], TWO, [*PICTURE, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3]])
@pytest.mark.usefixtures("repairs")
def test_a_repaired_model_is_gemma_3(ids):
    """Logits behind every token: one picture, two, and one that the window has left behind."""

    def work():
        model = build()
        assert mend(model) == [True, True]
        pixels = pixels_of(ids.count(IMAGE) // 4)
        logits, _ = answer(model, ids, pixels)
        return logits, expected(model, ids, features(model, pixels))

    logits, right = desk().call(work)
    assert np.abs(logits - right).max() < 1e-3 * np.abs(right).max()


@pytest.mark.usefixtures("repairs")
def test_without_repair_it_is_not():
    """The faults are there in this mlx_vlm; where this fails, a row can go."""

    def work():
        model = build()
        logits, _ = answer(model, TWO, pixels_of(2))
        return logits, expected(model, TWO, features(model, pixels_of(2)))

    logits, right = desk().call(work)
    assert np.abs(logits - right).max() > 0.1 * np.abs(right).max()


@pytest.mark.usefixtures("repairs")
def test_a_picture_is_not_cut_by_a_chunk_of_the_prefill():
    """The prefill goes by chunks of 2,048 tokens; the second picture lies across their border."""
    ids = [2, *PICTURE, *[3, 4] * 1020, 3, *PICTURE, 5, 6]
    assert ids[2047:2049] == [IMAGE, IMAGE]

    def work():
        import mlx.core as mx

        from vlmkit.engines import mlx_vlm_api

        model = build()
        mend(model)
        given = mx.array([ids])
        inputs = {"input_ids": given, "pixel_values": mx.array(pixels_of(2)), "attention_mask": mx.ones_like(given)}
        seen = []

        def recorder(_tokens, logits):
            seen.append(np.array(logits).reshape(-1))
            return logits

        with mlx_vlm_api.on_stream():
            mlx_vlm_api.prefill(model, 0, ids, mlx_vlm_api.embed(model, inputs), [recorder])
            whole, _ = answer(model, ids, pixels_of(2))
        return seen[0], whole[-1]

    chunked, whole = desk().call(work)
    assert np.abs(chunked - whole).max() < 1e-4


@pytest.mark.usefixtures("repairs")
def test_a_mended_mlx_vlm_is_left_alone():
    """One that names the width, and one whose tokens see ahead by themselves."""

    def work():
        import mlx.core as mx
        from mlx_vlm.models import gemma3

        from vlmkit.engines.families.repairs.repair import override

        class Seeing(gemma3.Model):
            def __init__(self, config):
                super().__init__(config)
                kind = type(self.language_model)

                def call(self, inputs, mask=None, **kwargs):
                    everything = mx.ones((1, 1, inputs.shape[1], inputs.shape[1]), mx.bool_)
                    return kind.__call__(self, inputs, mask=everything if mask is None else mask, **kwargs)

                override(self.language_model, __call__=call)

        model = build(hidden_size=64)
        model.config.hidden_size = 64
        model.__class__ = Seeing
        return mend(model)

    assert desk().call(work) == [False, False]


@pytest.mark.parametrize("setting", ["attn_logit_softcapping", "final_logit_softcapping"])
@pytest.mark.usefixtures("repairs")
def test_settings_that_mlx_vlm_does_not_read_are_refused(setting):
    """Only where a checkpoint uses them; released ones name them as nothing."""

    def refuse(value):
        row = importlib.import_module("vlmkit.engines.families.repairs.gemma3").STRENGTH
        return row.before_load({"text_config": {setting: value}})

    with pytest.raises(ValueError, match=f"does not read {setting}"):
        desk().call(lambda: refuse(30.0))
    assert desk().call(lambda: refuse(None)) is None
