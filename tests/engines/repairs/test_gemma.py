"""Gemma 3 and PaliGemma against their papers' arithmetic, and the small model that stands for a large one."""

import importlib

import numpy as np
import pytest

from tests.engines.repairs import reference
from tests.engines.repairs.reference import norm, turned
from vlmkit.engines.desk import desk

GEMMA3_IMAGE = 9
GEMMA3_VOCABULARY = 12
GEMMA3_WINDOW = 5
GEMMA3_TEXT = {
    "model_type": "gemma3_text",
    "hidden_size": 24,
    "intermediate_size": 20,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "rms_norm_eps": 1e-6,
    "vocab_size": GEMMA3_VOCABULARY,
    "rope_global_base_freq": 1e4,
    "rope_local_base_freq": 100.0,
    "query_pre_attn_scalar": 8,
    "sliding_window": GEMMA3_WINDOW,
    "sliding_window_pattern": 3,
    "mm_tokens_per_image": 4,
}
GEMMA3_VISION = {
    "model_type": "siglip_vision_model",
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "patch_size": 2,
    "image_size": 4,
}
PICTURE = [GEMMA3_IMAGE] * 4
# Two pictures that touch would be one; those of Gemma's processor never do.
TWO = [2, *PICTURE, 3, 4, *PICTURE, 5, 6]


def build_gemma3(**changes):
    """A model with weights that are the same each time."""
    from mlx_vlm.models import gemma3

    config = gemma3.ModelConfig(
        text_config=gemma3.TextConfig(**GEMMA3_TEXT | changes),
        vision_config=gemma3.VisionConfig(**GEMMA3_VISION),
        model_type="gemma3",
        image_token_index=GEMMA3_IMAGE,
        vocab_size=GEMMA3_VOCABULARY,
    )
    return reference.numbered(gemma3.Model(config))


def mend_gemma3(model):
    module = importlib.import_module("vlmkit.engines.repairs.gemma")
    return [row.after_load(model, None, {}) for row in (module.GEMMA3_STRENGTH, module.GEMMA3_ATTENTION)]


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


def features_gemma3(model, pixels):
    import mlx.core as mx

    hidden, _, _ = model.vision_tower(mx.array(pixels).transpose(0, 2, 3, 1), output_hidden_states=True)
    return np.array(model.multi_modal_projector(hidden)).reshape(-1, GEMMA3_TEXT["hidden_size"])


def sees(query, key, pictures, *, is_sliding):
    """The definition: what came before or belongs to the same picture; in a sliding layer no further back than w."""
    seen = key <= query or (pictures[query] == pictures[key] > 0)
    return seen and (not is_sliding or key > query - GEMMA3_WINDOW)


def attention(x, w, prefix, pictures, *, is_sliding):
    query, key, value = (reference.heads(x, w[f"{prefix}.{n}_proj.weight"], GEMMA3_TEXT["head_dim"]) for n in "qkv")
    base = GEMMA3_TEXT["rope_local_base_freq" if is_sliding else "rope_global_base_freq"]
    query, key = (turned(norm(a, w[f"{prefix}.{n}_norm.weight"]), base) for a, n in ((query, "q"), (key, "k")))
    mixed = reference.attended(
        query,
        key,
        value,
        lambda q, k: sees(q, k, pictures, is_sliding=is_sliding),
        GEMMA3_TEXT["query_pre_attn_scalar"] ** -0.5,
    )
    return mixed @ w[f"{prefix}.o_proj.weight"].T


def expected_gemma3(model, ids, pictures_seen):
    """Logits of a plain numpy reading of Gemma 3; words are scaled by the root of the width, pictures are not."""
    w = reference.weights_of(model.language_model)
    pictures = np.cumsum([t == GEMMA3_IMAGE and (i == 0 or ids[i - 1] != GEMMA3_IMAGE) for i, t in enumerate(ids)])
    pictures = np.where(np.array(ids) == GEMMA3_IMAGE, pictures, 0)
    h = w["model.embed_tokens.weight"][ids] * np.sqrt(GEMMA3_TEXT["hidden_size"])
    h[np.array(ids) == GEMMA3_IMAGE] = pictures_seen
    for layer in range(GEMMA3_TEXT["num_hidden_layers"]):
        p = f"model.layers.{layer}"
        is_sliding = (layer + 1) % GEMMA3_TEXT["sliding_window_pattern"] != 0
        r = attention(norm(h, w[f"{p}.input_layernorm.weight"]), w, f"{p}.self_attn", pictures, is_sliding=is_sliding)
        h = h + norm(r, w[f"{p}.post_attention_layernorm.weight"])
        x = norm(h, w[f"{p}.pre_feedforward_layernorm.weight"])
        h = h + norm(reference.gated(x, w, f"{p}.mlp"), w[f"{p}.post_feedforward_layernorm.weight"])
    return norm(h, w["model.norm.weight"]) @ w["lm_head.weight"].T


def pixels_of_gemma3(count):
    return np.random.default_rng(3).normal(size=(count, 3, 4, 4)).astype(np.float32)


@pytest.mark.parametrize("ids", [[2, *PICTURE, 3], TWO, [*PICTURE, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3]])
@pytest.mark.usefixtures("repairs")
def test_a_repaired_model_is_gemma_3(ids):
    """Logits behind every token: one picture, two, and one that the window has left behind."""

    def work():
        model = build_gemma3()
        assert mend_gemma3(model) == [True, True]
        pixels = pixels_of_gemma3(ids.count(GEMMA3_IMAGE) // 4)
        logits, _ = answer(model, ids, pixels)
        return logits, expected_gemma3(model, ids, features_gemma3(model, pixels))

    logits, right = desk().call(work)
    assert np.abs(logits - right).max() < 1e-3 * np.abs(right).max()


@pytest.mark.usefixtures("repairs")
def test_without_repair_it_is_not():
    """The faults are there in this mlx_vlm; where this fails, a row can go."""

    def work():
        model = build_gemma3()
        logits, _ = answer(model, TWO, pixels_of_gemma3(2))
        return logits, expected_gemma3(model, TWO, features_gemma3(model, pixels_of_gemma3(2)))

    logits, right = desk().call(work)
    assert np.abs(logits - right).max() > 0.1 * np.abs(right).max()


@pytest.mark.usefixtures("repairs")
def test_a_picture_is_not_cut_by_a_chunk_of_the_prefill():
    """The prefill goes by chunks of 2,048 tokens; the second picture lies across their border."""
    ids = [2, *PICTURE, *[3, 4] * 1020, 3, *PICTURE, 5, 6]
    assert ids[2047:2049] == [GEMMA3_IMAGE, GEMMA3_IMAGE]

    def work():
        import mlx.core as mx

        from vlmkit.engines import mlx_vlm_api

        model = build_gemma3()
        mend_gemma3(model)
        given = mx.array([ids])
        inputs = {
            "input_ids": given,
            "pixel_values": mx.array(pixels_of_gemma3(2)),
            "attention_mask": mx.ones_like(given),
        }
        seen = []

        def recorder(_tokens, logits):
            seen.append(np.array(logits).reshape(-1))
            return logits

        with mlx_vlm_api.on_stream():
            mlx_vlm_api.prefill(model, 0, ids, mlx_vlm_api.embed(model, inputs), [recorder])
            whole, _ = answer(model, ids, pixels_of_gemma3(2))
        return seen[0], whole[-1]

    chunked, whole = desk().call(work)
    assert np.abs(chunked - whole).max() < 1e-4


@pytest.mark.usefixtures("repairs")
def test_a_mended_mlx_vlm_is_left_alone_by_gemma3():
    """One that names the width, and one whose tokens see ahead by themselves."""

    def work():
        import mlx.core as mx
        from mlx_vlm.models import gemma3

        from vlmkit.engines.repairs.repair import override

        class Seeing(gemma3.Model):
            def __init__(self, config):
                super().__init__(config)
                kind = type(self.language_model)

                def call(self, inputs, mask=None, **kwargs):
                    everything = mx.ones((1, 1, inputs.shape[1], inputs.shape[1]), mx.bool_)
                    return kind.__call__(self, inputs, mask=everything if mask is None else mask, **kwargs)

                override(self.language_model, __call__=call)

        model = build_gemma3(hidden_size=64)
        model.config.hidden_size = 64
        model.__class__ = Seeing
        return mend_gemma3(model)

    assert desk().call(work) == [False, False]


@pytest.mark.parametrize("setting", ["attn_logit_softcapping", "final_logit_softcapping"])
@pytest.mark.usefixtures("repairs")
def test_settings_that_mlx_vlm_does_not_read_are_refused(setting):
    """Only where a checkpoint uses them; released ones name them as nothing."""

    def refuse(value):
        row = importlib.import_module("vlmkit.engines.repairs.gemma").GEMMA3_STRENGTH
        return row.before_load({"text_config": {setting: value}})

    with pytest.raises(ValueError, match=f"does not read {setting}"):
        desk().call(lambda: refuse(30.0))
    assert desk().call(lambda: refuse(None)) is None


PALIGEMMA_IMAGE = 9
PALIGEMMA_VOCABULARY = 12
PALIGEMMA_WINDOW = 5
PATCHES = 4
PALIGEMMA_TEXT = {
    "hidden_size": 24,
    "intermediate_size": 20,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "vocab_size": PALIGEMMA_VOCABULARY,
    "rope_theta": 100.0,
    "query_pre_attn_scalar": 6,
    "attn_logit_softcapping": 20.0,
    "final_logit_softcapping": 10.0,
    "sliding_window": PALIGEMMA_WINDOW,
    "use_bidirectional_attention": True,
}
PALIGEMMA_VISION = {
    "model_type": "siglip_vision_model",
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "patch_size": 2,
    "image_size": 4,
    "projection_dim": PALIGEMMA_TEXT["hidden_size"],
}
PROMPT = [*[PALIGEMMA_IMAGE] * PATCHES, 2, 3, 4]
WRITTEN = [5, 6, 7, 8, 1, 2, 3]


def build_paligemma(kind="gemma2"):
    from mlx_vlm.models import paligemma

    config = paligemma.ModelConfig(
        text_config=paligemma.TextConfig(**PALIGEMMA_TEXT, model_type=kind),
        vision_config=paligemma.VisionConfig(**PALIGEMMA_VISION),
        image_token_index=PALIGEMMA_IMAGE,
        vocab_size=PALIGEMMA_VOCABULARY,
    )
    return reference.numbered(paligemma.Model(config))


def mend_paligemma(model):
    module = importlib.import_module("vlmkit.engines.repairs.gemma")
    return [row.after_load(model, None, {}) for row in (module.PALIGEMMA_PICTURES, module.PALIGEMMA_WINDOW)]


def pixels_of_paligemma(count):
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
    assert [layer.size() for layer in cache] == [PALIGEMMA_WINDOW, len(prompt) + len(WRITTEN), PALIGEMMA_WINDOW]
    return np.array(mx.stack(steps))


def features_paligemma(model, pixels):
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
    query, key = turned(query, PALIGEMMA_TEXT["rope_theta"]), turned(key, PALIGEMMA_TEXT["rope_theta"])
    scale, cap = PALIGEMMA_TEXT["query_pre_attn_scalar"] ** -0.5, PALIGEMMA_TEXT["attn_logit_softcapping"]
    mixed = reference.attended(query, key, value, sees, scale, cap) @ w[f"{prefix}.self_attn.o_proj.weight"].T
    h = h + norm(mixed, w[f"{prefix}.post_attention_layernorm.weight"])
    made = reference.gated(norm(h, w[f"{prefix}.pre_feedforward_layernorm.weight"]), w, f"{prefix}.mlp")
    return h + norm(made, w[f"{prefix}.post_feedforward_layernorm.weight"])


def expected_paligemma(model, prompt, seen):
    """The same by definition: a prompt sees itself, what is written looks back, in each second layer to a window."""
    w = reference.weights_of(model.language_model)
    ids = np.array([*prompt, *WRITTEN])
    h = w["model.embed_tokens.weight"][ids] * np.sqrt(PALIGEMMA_TEXT["hidden_size"])
    h[ids == PALIGEMMA_IMAGE] = seen

    for number in range(PALIGEMMA_TEXT["num_hidden_layers"]):
        window = PALIGEMMA_WINDOW if number % 2 == 0 else len(ids)

        def sees(query, key, window=window):
            return max(query, key) < len(prompt) or query - window < key <= query

        h = layer(h, w, f"model.layers.{number}", sees)
    logits = norm(h, w["model.norm.weight"]) @ w["model.embed_tokens.weight"].T
    cap = PALIGEMMA_TEXT["final_logit_softcapping"]
    return np.tanh(logits / cap)[len(prompt) - 1 :] * cap


@pytest.mark.parametrize("pictures", [1, 2])
@pytest.mark.usefixtures("repairs")
def test_a_repaired_model_is_paligemma_2(pictures):
    """Behind a prompt longer than the window, and while that leaves the prompt behind."""
    prompt = [*[PALIGEMMA_IMAGE] * PATCHES * pictures, 2, 3, 4]

    def work():
        model = build_paligemma()
        assert mend_paligemma(model) == [True, True]
        pixels = pixels_of_paligemma(pictures)
        return written(model, prompt, pixels), expected_paligemma(model, prompt, features_paligemma(model, pixels))

    logits, right = desk().call(work)
    assert np.abs(logits - right).max() < 1e-4


@pytest.mark.parametrize("kind", ["gemma", "gemma2"])
@pytest.mark.usefixtures("repairs")
def test_rows_of_a_batch_write_what_they_write_alone(kind):
    """A short prompt joins a long one, and neither sees the other's padding."""
    short = [*[PALIGEMMA_IMAGE] * PATCHES, 2]
    long = [*[PALIGEMMA_IMAGE] * PATCHES, *[2, 3, 4] * 4]

    def work():
        from vlmkit.engines.decoding import Prompt, SharedBatch

        model = build_paligemma(kind)
        mend_paligemma(model)

        def rows(*prompts):
            import mlx.core as mx

            batch = SharedBatch(model, len(prompts))
            seen = [[] for _ in prompts]
            for row, ids in enumerate(prompts):
                given = mx.array([ids])
                inputs = {
                    "input_ids": given,
                    "pixel_values": mx.array(pixels_of_paligemma(1)),
                    "attention_mask": given > 0,
                }

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
def test_a_mended_mlx_vlm_is_left_alone_by_paligemma():
    """One that makes caches of its own, and sees a second picture."""

    def work():
        from mlx_vlm.models import paligemma

        module = importlib.import_module("vlmkit.engines.repairs.gemma")

        class Seeing(paligemma.Model):
            def __init__(self, config):
                super().__init__(config)
                # As mended, whatever that looks like.
                self.get_input_embeddings = mended.get_input_embeddings.__get__(self)

        mended = build_paligemma()
        mend_paligemma(mended)
        model = build_paligemma()
        model.language_model.make_cache = list
        model.__class__ = Seeing
        return [row.after_load(model, None, {}) for row in (module.PALIGEMMA_PICTURES, module.PALIGEMMA_WINDOW)]

    assert desk().call(work) == [False, False]


@pytest.mark.usefixtures("repairs")
def test_it_is_small_and_always_the_same():
    """Whatever the size of the loaded one; what is not a size stays."""

    def work():
        import numpy as np
        from mlx.utils import tree_flatten

        gemma = importlib.import_module("vlmkit.engines.repairs.gemma")
        model = build_gemma3(hidden_size=64, rope_local_base_freq=123.0)
        made = [gemma.small_model(model, text={"mm_tokens_per_image": 4}) for _ in range(2)]
        weights = [[np.array(weight) for _, weight in tree_flatten(one.parameters())] for one in made]
        assert type(made[0]) is type(model)
        assert sum(weight.size for weight in weights[0]) < 5000
        assert made[0].config.text_config.rope_local_base_freq == 123.0
        assert model.config.text_config.hidden_size == 64
        assert gemma.small_pictures(2).shape == (2, 3, 4, 4)
        return all((one == other).all() for one, other in zip(*weights, strict=True))

    assert desk().call(work)
