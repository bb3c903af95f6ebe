"""InternVL's pictures: how many tiles they become, and which colors."""

import importlib
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.engines.families.repairs.building import mend
from vlmkit.engines.desk import desk

TILE = 32
# Width, height and tiles, the small whole picture behind them included; by the rule that the released models came with.
SIZES = [
    ((64, 64), 5),
    ((32, 32), 1),
    ((64, 32), 3),
    ((96, 48), 9),
    ((45, 45), 1),
    ((46, 46), 5),
    ((320, 32), 11),
    ((40, 90), 11),
]
FILE = {
    "image_processor_type": "GotOcr2ImageProcessor",
    "size": {"height": TILE, "width": TILE},
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.2, 0.3, 0.25],
}


def processor(limits, directory="."):
    """As mlx_vlm makes it."""
    module = importlib.import_module("mlx_vlm.models.internvl_chat.processor")
    images = module.InternVLImageProcessor(size=TILE, **limits)
    return SimpleNamespace(image_processor=images, tokenizer=SimpleNamespace(name_or_path=str(directory)))


def made(family, limits, picture, directory="."):
    def work():
        given = processor(limits, directory)
        assert mend("internvl_tiles", None, {"model_type": family}, given)
        features = given.image_processor.preprocess([picture, picture], return_tensors="mlx")
        return features["num_patches_list"], np.array(features["pixel_values"])

    return desk().call(work)


def plain(size):
    return Image.new("RGB", size, (255, 0, 102))


@pytest.mark.parametrize(("size", "tiles"), SIZES)
def test_grids_that_fit_equally_well(repairs, size, tiles):
    """The larger one, as long as the picture fills more than half of it."""
    counts, pixels = made("internvl_chat", {}, plain(size))
    assert counts == [tiles, tiles]
    assert pixels.shape == (1, 2 * tiles, 3, TILE, TILE)
    assert np.allclose(pixels[0, 0, :, 0, 0], (np.array([1, 0, 0.4]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225])


def test_settings_of_config_json_stay(repairs):
    """The older layout keeps its limits there."""
    assert made("internvl_chat", {"dynamic_max_num": 2}, plain((64, 64)))[0] == [1, 1]


@pytest.mark.parametrize("nested", [False, True])
def test_settings_of_the_processor_file(repairs, tmp_path, nested):
    """Its limits and colors, in both layouts of transformers."""
    content = FILE | {"max_patches": 3}
    name = "processor_config.json" if nested else "preprocessor_config.json"
    (tmp_path / name).write_text(json.dumps({"image_processor": content} if nested else content))
    counts, pixels = made("internvl", {}, plain((64, 64)), tmp_path)
    assert counts == [1, 1]
    assert np.allclose(pixels[0, 0, :, 0, 0], [2.5, -4 / 3, 0.4], atol=1e-6)


def test_unlike_processors_are_left_alone(repairs):
    """A processor of transformers needs no mending."""
    given = SimpleNamespace(image_processor=SimpleNamespace())
    assert not desk().call(lambda: mend("internvl_tiles", None, {"model_type": "internvl"}, given))
