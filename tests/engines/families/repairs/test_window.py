"""Where a window is meant for all layers, nothing further back is seen; where for some, the model is refused."""

import importlib

import numpy as np
import pytest

from tests.engines.families.repairs import reference, test_llava_next
from vlmkit.engines.desk import desk

WINDOW = 4


def config(**text):
    return {
        "model_type": "llava_next",
        "text_config": {**test_llava_next.TEXT, "sliding_window": WINDOW, **text},
        "vision_config": test_llava_next.VISION,
    }


def mend(model, settings):
    return importlib.import_module("vlmkit.engines.families.repairs.window").REPAIR.after_load(model, None, settings)


def last_logits(model, ids, steps):
    """Logits behind all but `steps` tokens, then behind each of these."""
    import mlx.core as mx
    from mlx_vlm.models.cache import make_prompt_cache

    language = model.language_model
    cache = make_prompt_cache(language)
    made = [language(mx.array([ids[:-steps]]), cache=cache).logits[0, -1]]
    made += [language(mx.array([[token]]), cache=cache).logits[0, -1] for token in ids[-steps:]]
    return np.array(mx.stack(made))


@pytest.mark.usefixtures("repairs")
def test_what_has_left_the_window_changes_nothing():
    """With one layer; and what is in it does."""

    def work():
        model = reference.numbered(test_llava_next.build())
        assert mend(model, config())
        ids = [1, 2, 3, 4, 5, 6, 7, 8]
        given, older, newer = (
            last_logits(model, other, 2) for other in (ids, [9, 9, *ids[2:]], [*ids[:4], 9, *ids[5:]])
        )
        return given, older, newer

    given, older, newer = desk().call(work)
    assert np.abs(given - older).max() < 1e-5
    assert np.abs(given - newer).max(axis=1).min() > 1e-2


@pytest.mark.parametrize(
    "text",
    [
        {"sliding_window": None},
        {"sliding_window": 4096, "max_position_embeddings": 4096},
        {"model_type": "llama"},
        {"model_type": "qwen2", "use_sliding_window": False},
    ],
)
@pytest.mark.usefixtures("repairs")
def test_a_model_without_windows_is_left_alone(text):
    """None named, one that no prompt reaches, or one that its kind does not use."""
    assert not desk().call(lambda: mend(test_llava_next.build(), config(**text)))


@pytest.mark.usefixtures("repairs")
def test_windows_of_some_layers_are_refused():
    """Qwen 2 may have them in its upper layers."""
    some = config(model_type="qwen2", use_sliding_window=True, max_window_layers=1, num_hidden_layers=2)
    with pytest.raises(ValueError, match="some of its layers look back no further than a window"):
        desk().call(lambda: mend(test_llava_next.build(), some))


@pytest.mark.usefixtures("repairs")
def test_caches_of_its_own_are_left_alone():
    """As a mended mlx_vlm would make them."""

    def work():
        model = test_llava_next.build()
        assert mend(model, config())
        return mend(model, config())

    assert not desk().call(work)
