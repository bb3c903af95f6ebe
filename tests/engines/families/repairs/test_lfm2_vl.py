"""LFM2-VL's tiles are those that its files name."""

import importlib
import json
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.engines.families.repairs.building import mend
from vlmkit.engines.desk import desk

TILE, PATCH = 32, 8


def tiles(directory, size, **named):
    """Whether it was mended, and how many parts of how many patches a picture becomes."""

    def work():
        module = importlib.import_module("mlx_vlm.models.lfm2_vl.processing_lfm2_vl")
        images = module.Lfm2VlNumpyImageProcessor(
            tile_size=TILE, encoder_patch_size=PATCH, max_image_tokens=2, min_image_tokens=1
        )
        processor = SimpleNamespace(image_processor=images, tokenizer=SimpleNamespace(name_or_path=str(directory)))
        changed = mend("lfm2_vl", None, {}, processor)
        return changed, images.preprocess([Image.new("RGB", size)])["pixel_values"].shape[:2]

    (directory / "preprocessor_config.json").write_text(json.dumps(named))
    return desk().call(work)


@pytest.mark.parametrize(
    ("named", "parts"),
    [
        ({"max_tiles": 4}, (5, 16)),
        ({"max_tiles": 4, "use_thumbnail": False}, (4, 16)),
        ({"min_tiles": 9}, (10, 16)),
        ({"do_image_splitting": False}, (1, 8)),
    ],
)
def test_a_large_picture_is_cut_as_the_files_say(repairs, tmp_path, named, parts):
    """Least and most tiles, the small picture behind them, and whether it is cut at all, which takes less room."""
    assert tiles(tmp_path, (96, 96), **named) == (True, parts)


def test_what_no_file_names_stays(repairs, tmp_path):
    """mlx_vlm's 2 to 10 tiles are transformers' defaults, too."""
    assert tiles(tmp_path, (96, 96), min_tiles=2, max_tiles=10) == (False, (10, 16))
    assert tiles(tmp_path, (96, 96), tile_size=None) == (False, (10, 16))


def test_nested_files_of_transformers_5_count_more(repairs, tmp_path):
    """They hold the picture's part of a processor under a name of its own."""
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": {"max_tiles": 4}}))
    assert tiles(tmp_path, (96, 96), max_tiles=6) == (True, (5, 16))
