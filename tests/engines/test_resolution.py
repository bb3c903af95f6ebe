"""How large a picture a model looks at, by what its processor says, and by what it does to a picture."""

import importlib

import numpy as np
import pytest
from PIL import Image

from vlmkit.engines.resolution import Resolution, resolution_of, side_to_keep

SQUARE, WIDE = (600, 600), (900, 600)


def processor(family, name, **settings):
    """An image processor as transformers has it, with settings of its own."""
    module = importlib.import_module(f"transformers.models.{family}.image_processing_pil_{family}")
    return getattr(module, name)(**settings)


def pixels_seen(made):
    """Most pixels of a picture that a processor keeps of a large one."""
    values = made(Image.fromarray(np.zeros((*SQUARE, 3), np.uint8)), return_tensors="np")["pixel_values"]
    return values.size // 3


@pytest.mark.parametrize(
    ("family", "name", "settings", "expected"),
    [
        ("siglip", "SiglipImageProcessorPil", {"size": {"height": 48, "width": 64}}, (64, 48 * 64)),
        ("gemma3", "Gemma3ImageProcessorPil", {"size": {"height": 96, "width": 96}}, (96, 96 * 96)),
        (
            "clip",
            "CLIPImageProcessorPil",
            {"size": {"shortest_edge": 64}, "crop_size": {"height": 48, "width": 48}},
            (48, 48 * 48),
        ),
        ("pixtral", "PixtralImageProcessorPil", {"size": {"longest_edge": 128}}, (128, 128 * 128)),
        ("idefics2", "Idefics2ImageProcessorPil", {"size": {"longest_edge": 90, "shortest_edge": 40}}, (90, 90 * 90)),
    ],
)
def test_a_picture_keeps_as_many_pixels_as_are_said(family, name, settings, expected):
    """Processors that make one picture of it: counted in what they make."""
    made = processor(family, name, **settings)
    assert resolution_of(made) == Resolution(longest_side_px=expected[0], most_pixels=expected[1])
    assert pixels_seen(made) == expected[1]


@pytest.mark.parametrize(
    ("family", "name", "frames"),
    [
        ("qwen2_vl", "Qwen2VLImageProcessorPil", 2),
        ("glm4v", "Glm4vImageProcessorPil", 2),
        ("paddleocr_vl", "PaddleOCRVLImageProcessorPil", 1),
    ],
)
def test_pixels_are_counted_as_the_processor_counts_them(family, name, frames):
    """Of a picture that is taken for a film each frame is there; GLM counts them, Qwen does not."""
    made = processor(family, name, size={"shortest_edge": 28 * 28, "longest_edge": 200_000})
    found = resolution_of(made)
    assert found.most_pixels * 0.8 < pixels_seen(made) / frames <= found.most_pixels
    assert found.longest_side_px == int((1.5 * found.most_pixels) ** 0.5)


@pytest.mark.parametrize(
    ("family", "name", "settings", "tile", "count"),
    [
        ("got_ocr2", "GotOcr2ImageProcessorPil", {"crop_to_patches": True, "max_patches": 6}, 32, 6),
        ("mllama", "MllamaImageProcessorPil", {"max_image_tiles": 4}, 32, 4),
    ],
)
def test_tiles_may_lie_in_a_row(family, name, settings, tile, count):
    """A strip has as many as there are."""
    made = processor(family, name, size={"height": tile, "width": tile}, **settings)
    assert resolution_of(made) == Resolution(longest_side_px=tile * count, most_pixels=tile * tile * count)
    strip = Image.new("RGB", (tile * count * 2, tile * 2))
    assert made(strip, return_tensors="np")["pixel_values"].size // 3 // tile**2 in {count, count + 1}


def test_grids_name_their_largest():
    """Height and width of each are listed."""
    made = processor("llava_onevision", "LlavaOnevisionImageProcessorPil")
    assert resolution_of(made) == Resolution(longest_side_px=2304, most_pixels=2304 * 2304)
    made = processor("llava_next", "LlavaNextImageProcessorPil")
    assert resolution_of(made) == Resolution(longest_side_px=1008, most_pixels=672 * 672)


@pytest.mark.parametrize(("family", "name"), [("idefics3", "Idefics3"), ("smolvlm", "SmolVLM")])
def test_a_picture_that_is_cut_keeps_its_longest_edge(family, name):
    """One that is not cut becomes one of the squares."""
    sizes = {"size": {"longest_edge": 2048}, "max_image_size": {"longest_edge": 512}}
    cut = processor(family, f"{name}ImageProcessorPil", **sizes)
    whole = processor(family, f"{name}ImageProcessorPil", **sizes, do_image_splitting=False)
    assert resolution_of(cut).longest_side_px == 2048
    assert resolution_of(whole).longest_side_px == 512


@pytest.mark.parametrize(
    ("files", "config", "side_px"),
    [
        ({"size": {"height": 336, "width": 336}, "crop_to_patches": False, "max_patches": 12}, None, 336),
        ({"image_processor": {"size": {"longest_edge": 1540}}, "processor_class": "PixtralProcessor"}, None, 1540),
        ({"min_pixels": 3136, "max_pixels": 12845056, "merge_size": 2}, None, 4389),
        ({"size": {"longest_edge": 16777216, "shortest_edge": 65536}, "merge_size": 2}, None, 5016),
        ({"tile_size": 512, "max_tiles": 10, "do_image_splitting": True, "max_image_tokens": 256}, None, 5120),
        ({"max_soft_tokens": 280, "patch_size": 16, "pooling_kernel_size": 3}, None, 983),
        ({"candidate_resolutions": [[384, 384], [384, 1152]], "patch_size": 14}, None, 1152),
        ({"in_token_limit": 4096, "patch_size": 14}, None, 1097),
        ({"num_crops": 16}, None, 5376),
        ({"max_crops": 12, "base_image_input_size": [336, 336]}, None, 4032),
        ({"max_slice_nums": 9, "scale_resolution": 448, "patch_size": 14}, None, 1646),
        ({"size": 448, "crop_size": 448}, {"max_dynamic_patch": 12, "force_image_size": 448}, 5376),
        ({"size": 448}, {"max_dynamic_patch": 12, "force_image_size": 448, "dynamic_image_size": False}, 448),
        ({}, {"vision_config": {"image_size": 384}}, 384),
        ({}, {"vision_config": {"crop_size": 378, "max_crops": 12}}, 4536),
        (None, {"vision_config": {"image_size": [224, 336]}}, 336),
    ],
)
def test_files_say_it_before_anything_is_loaded(files, config, side_px):
    """In the words of preprocessor_config.json and processor_config.json, old and new; else in the model's own."""
    assert resolution_of(files, config).longest_side_px == side_px


@pytest.mark.parametrize("files", [None, {}, {"size": {}}, {"size": None, "max_pixels": True}, {"size": [1, 2, 3]}])
def test_what_nobody_says_is_not_known(files):
    """Nothing is guessed."""
    assert resolution_of(files, {"vision_config": None}) is None


def test_a_photograph_is_kept_as_large_as_it_is_looked_at():
    """Where it would take too much memory; never smaller than is usual over HTTP."""
    assert side_to_keep(None) == 1568
    assert side_to_keep(Resolution(longest_side_px=384, most_pixels=384**2)) == 1568
    assert side_to_keep(Resolution(longest_side_px=2048, most_pixels=2048**2)) == 2048
    assert side_to_keep(Resolution(longest_side_px=5376, most_pixels=12 * 448**2)) == 1900
    assert side_to_keep(Resolution(longest_side_px=5016, most_pixels=2**24)) == 5016
