"""Molmo 2's pictures are cut as its files say, and resized without smoothing, against values of torch 2.14."""

import importlib
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.engines.families.repairs.building import mend
from vlmkit.engines.desk import desk

LINE = [0, 10, 40, 90, 160, 250]
# What torch makes of it, before rounding; 2.5 is rounded to the even one.
RESIZED = {
    2: [10.0, 160.0],
    3: [5.0, 65.0, 205.0],
    4: [2.5, 32.5, 107.5, 227.5],
    9: [0.0, 5.0, 15.000002, 35.000004, 65.0, 101.666672, 148.333344, 205.0, 250.0],
}
NAMED = {"size": {"height": 32, "width": 32}, "patch_size": 8, "max_crops": 2, "overlap_margins": [1, 1]}


@pytest.fixture(scope="session")
def bilinear(repairs):
    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.molmo2")).bilinear


@pytest.mark.parametrize("length", RESIZED)
@pytest.mark.parametrize("is_upright", [False, True])
def test_lines_are_resized_as_in_torch(bilinear, length, is_upright):
    """To fewer and more pixels, along either side."""
    line = np.array(LINE, np.uint8)[None, :, None].repeat(3, axis=2)
    given, size = (line.transpose(1, 0, 2), (length, 1)) if is_upright else (line, (1, length))
    got = bilinear(given, size)
    assert got.dtype == np.float32
    assert got.shape == (*size, 3)
    assert np.allclose(got[..., 0].ravel() * 255, np.rint(RESIZED[length]), atol=1e-4)


def test_another_filter_is_refused(bilinear):
    """Rather than to take it for the usual one."""
    with pytest.raises(ValueError, match="filter"):
        bilinear(np.zeros((2, 2, 3), np.uint8), (1, 1), Image.Resampling.BICUBIC)


def seen(directory, named, *, is_mended=True):
    """What is made of stripes: whether something was mended, and parts of the picture."""

    def work():
        module = importlib.import_module("mlx_vlm.models.molmo2.processing")
        images = module.Molmo2ImageProcessor()
        processor = SimpleNamespace(image_processor=images, tokenizer=SimpleNamespace(name_or_path=str(directory)))
        changed = is_mended and mend("molmo2", None, {}, processor)
        stripes = np.zeros((64, 128, 3), np.uint8)
        stripes[:, ::8] = 255
        return changed, images.preprocess([Image.fromarray(stripes)])["pixel_values"]

    (directory / "preprocessor_config.json").write_text(json.dumps(named))
    return desk().call(work)


def test_pictures_are_cut_as_the_files_say(repairs, tmp_path):
    """Crops, their size and their patches; thin lines are kept or lost, never spread."""
    changed, parts = seen(tmp_path, NAMED)
    assert changed
    assert parts.shape == (3, 16, 8 * 8 * 3)
    # Every fourth column is read, from the middle of four, where no stripe is.
    assert (parts[0] == -1).all()


def test_nested_files_of_transformers_5_count_more(repairs, tmp_path):
    """They hold the picture's part of a processor under a name of its own."""
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": {"max_crops": 1}}))
    assert seen(tmp_path, NAMED)[1].shape[0] == 2


def test_other_processors_of_the_process_stay(repairs, tmp_path):
    """mlx_vlm's own functions are not touched."""
    before = seen(tmp_path, NAMED, is_mended=False)[1]
    seen(tmp_path, NAMED)
    assert (seen(tmp_path, NAMED, is_mended=False)[1] == before).all()
    assert before.shape[1:] == (27 * 27, 14 * 14 * 3)
