"""PaddleOCR-VL's pictures are cut as its files say, each for itself."""

import importlib
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.engines.families.repairs.building import mend
from vlmkit.engines.desk import desk

NAMED = {
    "image_processor_type": "PaddleOCRVLImageProcessor",
    "patch_size": 8,
    "merge_size": 2,
    "min_pixels": 16 * 64,
    "max_pixels": 64 * 64,
    "image_mean": [0.0, 0.0, 0.0],
    "image_std": [1.0, 1.0, 1.0],
}


def cut(directory, sizes, **named):
    """Grids of pictures that are each of one level, parts of all, and the limits that are told."""

    def work():
        images = importlib.import_module("mlx_vlm.models.paddleocr_vl.processing_paddleocr_vl").ImageProcessor()
        processor = SimpleNamespace(image_processor=images, tokenizer=SimpleNamespace(name_or_path=str(directory)))
        assert mend("paddleocr_vl", None, {}, processor)
        given = [Image.new("RGB", size, (51 * place,) * 3) for place, size in enumerate(sizes, 1)]
        made = images(images=given)
        return made["image_grid_thw"].tolist(), made["pixel_values"], (images.min_pixels, images.max_pixels)

    (directory / "preprocessor_config.json").write_text(json.dumps(NAMED | named))
    return desk().call(work)


@pytest.mark.parametrize("sizes", [[(64, 64), (64, 64)], [(64, 64), (32, 96)], [(40, 40)]])
def test_each_picture_has_a_grid_of_its_own(repairs, tmp_path, sizes):
    """Pictures of one size are not frames, and those of several need not be."""
    grids, parts, _ = cut(tmp_path, sizes)
    sides = [max(16, round(side / 16) * 16) // 8 for size in sizes for side in reversed(size)]
    assert grids == [[1, *sides[place : place + 2]] for place in range(0, len(sides), 2)]
    lengths = [rows * columns for _, rows, columns in grids]
    assert parts.shape == (1, sum(lengths), 3, 8, 8)
    levels = np.repeat([0.2 * place for place in range(1, len(sizes) + 1)], lengths)
    assert np.allclose(parts[0].mean(axis=(1, 2, 3)), levels, atol=1e-6)


def test_limits_are_those_of_the_files(repairs, tmp_path):
    """A picture above them is shrunk; whoever asks for them is told."""
    grids, _, limits = cut(tmp_path, [(128, 128)], max_pixels=32 * 32)
    assert grids == [[1, 4, 4]]
    assert limits == (16 * 64, 32 * 32)


def test_what_cuts_right_is_left_alone(repairs):
    """Another version of mlx_vlm, which knows pictures from frames."""

    class Mended:
        def preprocess(self, images):
            return images

    images = Mended()
    assert not desk().call(lambda: mend("paddleocr_vl", None, {}, SimpleNamespace(image_processor=images)))
    assert type(images) is Mended
