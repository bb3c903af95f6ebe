"""LLaVA's image processor gets its own options, not those of the tokenizer."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from vlmkit.engines.desk import desk


def processor():
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    sides = {"height": 32, "width": 32}
    return SimpleNamespace(image_processor=CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=sides))


def mend(loaded):
    return importlib.import_module("vlmkit.engines.families.repairs.llava").OPTIONS.after_load(None, loaded, {})


@pytest.mark.usefixtures("repairs")
def test_options_for_text_change_nothing():
    """The same pixels with and without them; another processor of the process still refuses them."""
    picture = np.random.default_rng(1).integers(0, 255, (50, 40, 3), np.uint8)

    def work():
        loaded, other = processor(), processor()
        assert mend(loaded)
        text = {"padding": True, "padding_side": "left", "add_special_tokens": False}
        mended = loaded.image_processor(picture, return_tensors="np", do_normalize=False, **text)["pixel_values"]
        with pytest.raises(TypeError, match="padding"):
            other.image_processor(picture, **text)
        return mended, other.image_processor(picture, return_tensors="np", do_normalize=False)["pixel_values"]

    mended, right = desk().call(work)
    assert (mended == right).all()


@pytest.mark.usefixtures("repairs")
def test_one_that_takes_them_is_left_alone():
    """As mended before, or by mlx_vlm."""

    def work():
        loaded = processor()
        return mend(loaded), mend(loaded)

    assert desk().call(work) == (True, False)
