"""Pictures are cut and shrunk as a checkpoint's files say, and as in transformers."""

import importlib
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.engines.repairs.building import mend
from vlmkit.engines.desk import desk

INTERNVL_TILE = 32
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
    "size": {"height": INTERNVL_TILE, "width": INTERNVL_TILE},
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.2, 0.3, 0.25],
}


def processor(limits, directory="."):
    """As mlx_vlm makes it."""
    module = importlib.import_module("mlx_vlm.models.internvl_chat.processor")
    images = module.InternVLImageProcessor(size=INTERNVL_TILE, **limits)
    return SimpleNamespace(image_processor=images, tokenizer=SimpleNamespace(name_or_path=str(directory)))


def made(family, limits, picture, directory="."):
    def work():
        given = processor(limits, directory)
        assert mend("tiles.INTERNVL", None, {"model_type": family}, given)
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
    assert pixels.shape == (1, 2 * tiles, 3, INTERNVL_TILE, INTERNVL_TILE)
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
    assert not desk().call(lambda: mend("tiles.INTERNVL", None, {"model_type": "internvl"}, given))


LFM2_VL_TILE, PATCH = 32, 8


def tiles(directory, size, **named):
    """Whether it was mended, and how many parts of how many patches a picture becomes."""

    def work():
        module = importlib.import_module("mlx_vlm.models.lfm2_vl.processing_lfm2_vl")
        images = module.Lfm2VlNumpyImageProcessor(
            tile_size=LFM2_VL_TILE, encoder_patch_size=PATCH, max_image_tokens=2, min_image_tokens=1
        )
        processor = SimpleNamespace(image_processor=images, tokenizer=SimpleNamespace(name_or_path=str(directory)))
        changed = mend("tiles.LFM2_VL", None, {}, processor)
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


def test_nested_files_count_more_for_lfm2_vl(repairs, tmp_path):
    """They hold the picture's part of a processor under a name of its own."""
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": {"max_tiles": 4}}))
    assert tiles(tmp_path, (96, 96), max_tiles=6) == (True, (5, 16))


# Values of torch 2.14.
LINE = [0, 10, 40, 90, 160, 250]
# What torch makes of it, before rounding; 2.5 is rounded to the even one.
RESIZED = {
    2: [10.0, 160.0],
    3: [5.0, 65.0, 205.0],
    4: [2.5, 32.5, 107.5, 227.5],
    9: [0.0, 5.0, 15.000002, 35.000004, 65.0, 101.666672, 148.333344, 205.0, 250.0],
}
MOLMO2_NAMED = {"size": {"height": 32, "width": 32}, "patch_size": 8, "max_crops": 2, "overlap_margins": [1, 1]}


@pytest.fixture(scope="session")
def bilinear(repairs):
    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.tiles")).bilinear


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
        changed = is_mended and mend("tiles.MOLMO2", None, {}, processor)
        stripes = np.zeros((64, 128, 3), np.uint8)
        stripes[:, ::8] = 255
        return changed, images.preprocess([Image.fromarray(stripes)])["pixel_values"]

    (directory / "preprocessor_config.json").write_text(json.dumps(named))
    return desk().call(work)


def test_pictures_are_cut_as_the_files_say(repairs, tmp_path):
    """Crops, their size and their patches; thin lines are kept or lost, never spread."""
    changed, parts = seen(tmp_path, MOLMO2_NAMED)
    assert changed
    assert parts.shape == (3, 16, 8 * 8 * 3)
    # Every fourth column is read, from the middle of four, where no stripe is.
    assert (parts[0] == -1).all()


def test_nested_files_count_more_for_molmo2(repairs, tmp_path):
    """They hold the picture's part of a processor under a name of its own."""
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": {"max_crops": 1}}))
    assert seen(tmp_path, MOLMO2_NAMED)[1].shape[0] == 2


def test_other_processors_of_the_process_stay(repairs, tmp_path):
    """mlx_vlm's own functions are not touched."""
    before = seen(tmp_path, MOLMO2_NAMED, is_mended=False)[1]
    seen(tmp_path, MOLMO2_NAMED)
    assert (seen(tmp_path, MOLMO2_NAMED, is_mended=False)[1] == before).all()
    assert before.shape[1:] == (27 * 27, 14 * 14 * 3)


PADDLEOCR_VL_NAMED = {
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
        assert mend("tiles.PADDLEOCR_VL", None, {}, processor)
        given = [Image.new("RGB", size, (51 * place,) * 3) for place, size in enumerate(sizes, 1)]
        made = images(images=given)
        return made["image_grid_thw"].tolist(), made["pixel_values"], (images.min_pixels, images.max_pixels)

    (directory / "preprocessor_config.json").write_text(json.dumps(PADDLEOCR_VL_NAMED | named))
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
    assert not desk().call(lambda: mend("tiles.PADDLEOCR_VL", None, {}, SimpleNamespace(image_processor=images)))
    assert type(images) is Mended
