"""LLaVA, LLaVA-NeXT and LLaVA-OneVision: options, patches in a reader's order, one picture in tiles and several."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.engines.repairs import reference
from tests.engines.repairs.building import build, mend, numbers
from vlmkit.engines.desk import desk


def processor():
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    sides = {"height": 32, "width": 32}
    return SimpleNamespace(image_processor=CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=sides))


def mend_llava(loaded):
    return importlib.import_module("vlmkit.engines.repairs.llava").OPTIONS.after_load(None, loaded, {})


@pytest.mark.usefixtures("repairs")
def test_options_for_text_change_nothing():
    """The same pixels with and without them; another processor of the process still refuses them."""
    picture = np.random.default_rng(1).integers(0, 255, (50, 40, 3), np.uint8)

    def work():
        loaded, other = processor(), processor()
        assert mend_llava(loaded)
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
        return mend_llava(loaded), mend_llava(loaded)

    assert desk().call(work) == (True, False)


NEXT_IMAGE = 9
SIDE_PX, PATCH_PX = 8, 2
PATCHES = SIDE_PX // PATCH_PX
NEXT_PINPOINTS = [[8, 16], [16, 8], [16, 16], [24, 8], [8, 24]]
TEXT = {
    "model_type": "mistral",
    "hidden_size": 12,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 12,
}
VISION = {
    "model_type": "clip_vision_model",
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": SIDE_PX,
    "patch_size": PATCH_PX,
}


def build_next():
    from mlx_vlm.models import llava_next

    config = llava_next.ModelConfig(
        text_config=llava_next.TextConfig(**TEXT),
        vision_config=llava_next.VisionConfig(**VISION),
        model_type="llava_next",
        image_token_index=NEXT_IMAGE,
        vocab_size=12,
    )
    return reference.numbered(llava_next.Model(config))


def mend_next(model, config):
    module = importlib.import_module("vlmkit.engines.repairs.llava")
    processor = SimpleNamespace(image_processor=SimpleNamespace(image_grid_pinpoints=NEXT_PINPOINTS))
    return module.TILES.after_load(model, processor, config)


def fitted(size):
    """Rows and columns of tiles, and the patches (line, column) that hold a part of the picture: by definition.

    The picture is made as large as it fits into the grid, and put in its middle; a line of padding goes when it lies
    outside with its partner on the other side.
    """
    from transformers.image_processing_utils import select_best_resolution

    height, width = select_best_resolution(size, NEXT_PINPOINTS)
    lines, columns = height // PATCH_PX, width // PATCH_PX
    scale = min(lines / size[0], columns / size[1])
    top, left = ((whole - int(side * scale + 1e-7)) // 2 for whole, side in ((lines, size[0]), (columns, size[1])))
    inside = [(line, column) for line in range(top, lines - top) for column in range(left, columns - left)]
    return height // SIDE_PX, width // SIDE_PX, inside


def expected(model, pixels, sizes):
    """Vectors in order: the overview's patches, then the lines of the tiles, each with the newline behind it."""
    import mlx.core as mx

    def looked_at(tile):
        *_, hidden = model.vision_tower(mx.array(tile[None]).transpose(0, 2, 3, 1), output_hidden_states=True)
        return np.array(model.multi_modal_projector(hidden[-2][:, 1:])[0])

    made = []
    for tiles, size in zip(pixels, sizes, strict=True):
        rows, columns, inside = fitted(size)
        seen = [looked_at(tile) for tile in tiles[: 1 + rows * columns]]
        made += list(seen[0])
        for number, (line, column) in enumerate(inside):
            tile = 1 + line // PATCHES * columns + column // PATCHES
            made.append(seen[tile][line % PATCHES * PATCHES + column % PATCHES])
            if number + 1 == len(inside) or inside[number + 1][0] != line:
                made.append(np.array(model.image_newline))
    return np.array(made)


@pytest.mark.parametrize("sizes", [[(8, 8)], [(5, 16)], [(31, 12)], [(9, 40), (7, 7)], [(40, 9), (16, 16), (3, 17)]])
@pytest.mark.usefixtures("repairs")
def test_every_patch_is_in_its_own_place(sizes):
    """One picture and several; those of fewer tiles are filled up by the processor."""

    def work():
        import mlx.core as mx

        model = build_next()
        assert mend_next(model, {"image_grid_pinpoints": NEXT_PINPOINTS})
        pixels = np.random.default_rng(2).normal(size=(len(sizes), 5, 3, SIDE_PX, SIDE_PX)).astype(np.float32)
        right = expected(model, pixels, sizes)
        ids = mx.array([[1, 2, *[NEXT_IMAGE] * len(right), 3]])
        made = model.get_input_embeddings(ids, mx.array(pixels), image_sizes=mx.array(sizes)).inputs_embeds
        words = np.array(model.language_model.model.embed_tokens(ids))
        return np.array(made), words, right

    made, words, right = desk().call(work)
    assert np.abs(made[0, 2:-1] - right).max() < 1e-5
    assert (made[0, [0, 1, -1]] == words[0, [0, 1, -1]]).all()


@pytest.mark.usefixtures("repairs")
def test_there_are_as_many_vectors_as_the_processor_makes_room_for():
    """For pictures of any shape."""

    def work():
        import mlx.core as mx
        from mlx_vlm.models.llava_next.processing_llava_next import LlavaNextProcessor

        module = importlib.import_module("vlmkit.engines.repairs.llava")
        processor = LlavaNextProcessor.__new__(LlavaNextProcessor)
        processor.patch_size, processor.num_additional_image_tokens = PATCH_PX, 0
        processor.image_processor = SimpleNamespace(image_grid_pinpoints=NEXT_PINPOINTS)
        for size in np.random.default_rng(3).integers(1, 60, (400, 2)).tolist():
            rows, columns, _ = fitted(size)
            tiles = mx.zeros((rows, columns, PATCHES**2, 2))
            room = processor._get_number_of_features(*size, SIDE_PX, SIDE_PX)
            assert PATCHES**2 + len(module._lines(tiles, size, mx.zeros(2))) == room, size

    desk().call(work)


@pytest.mark.usefixtures("repairs")
def test_remembered_features_are_taken_back_and_counted():
    """What was read off a prompt's embeddings goes in again; a wrong number of vectors is not an answer."""

    def work():
        import mlx.core as mx

        model = build_next()
        mend_next(model, {})
        features = mx.arange(24, dtype=mx.float32).reshape(2, 12)
        ids = mx.array([[NEXT_IMAGE, 1, NEXT_IMAGE]])
        made = model.get_input_embeddings(ids, mx.zeros((1,)), cached_image_features=features).inputs_embeds
        with pytest.raises(ValueError, match="2 vectors of pictures do not fit into 1 image tokens"):
            model.get_input_embeddings(mx.array([[NEXT_IMAGE, 1]]), mx.zeros((1,)), cached_image_features=features)
        return np.array(made), np.array(features)

    made, features = desk().call(work)
    assert (made[0, [0, 2]] == features).all()


@pytest.mark.usefixtures("repairs")
def test_a_mended_mlx_vlm_is_left_alone():
    """One whose configuration knows how pictures may be cut."""

    def work():
        model = build_next()
        model.config.image_grid_pinpoints = NEXT_PINPOINTS
        return mend_next(model, {"image_grid_pinpoints": NEXT_PINPOINTS})

    assert not desk().call(work)


TILE, PARTS, ONEVISION_IMAGE = 4, 4, 7
ONEVISION_PINPOINTS = [[TILE * rows, TILE * columns] for rows in (1, 2) for columns in (1, 2)]
CONFIG = {
    "model_type": "llava_onevision",
    "image_token_index": ONEVISION_IMAGE,
    "image_grid_pinpoints": ONEVISION_PINPOINTS,
    "vision_feature_layer": -1,
    "text_config": {
        "model_type": "qwen2",
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "vocab_size": 8,
        "rms_norm_eps": 1e-6,
    },
    "vision_config": {
        "model_type": "siglip_vision_model",
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": TILE,
        "patch_size": 2,
    },
}


class Words:
    """A tokenizer of single characters."""

    chat_template = None

    def __call__(self, texts, **_options):
        return {"input_ids": [[ONEVISION_IMAGE if part else 1 for part in _split(text)] for text in texts]}


def _split(text):
    return [part == "<image>" for part in text.replace("<image>", "\0").replace("\0", " <image> ").split()]


def opened():
    """Model and processor, mended."""
    module = importlib.import_module("mlx_vlm.models.llava_onevision.processing_llava_onevision")
    pil = importlib.import_module("transformers.models.llava_onevision.image_processing_pil_llava_onevision")
    images = pil.LlavaOnevisionImageProcessorPil(
        size={"height": TILE, "width": TILE},
        image_grid_pinpoints=ONEVISION_PINPOINTS,
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    model = build("llava_onevision", CONFIG)
    processor = module.LlavaOnevisionProcessor(images, Words(), num_image_tokens=PARTS)
    assert mend("llava.SEVERAL", model, CONFIG, processor)
    return model, processor


def picture(seed, width, height):
    colors = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(colors)


@pytest.mark.parametrize(
    ("pictures", "tokens"), [(1, PARTS + 4 * PARTS + 4), (2, 2 * (PARTS + 1)), (3, 3 * (PARTS + 1))]
)
def test_tokens_are_as_many_as_features(repairs, pictures, tokens):
    """A picture alone is cut, each of several is one tile and a line break."""

    def work():
        import mlx.core as mx

        model, processor = opened()
        given = processor(images=[picture(seed, 8, 8) for seed in range(pictures)], text="<image>" * pictures + " x")
        ids = mx.array(given["input_ids"])
        model.get_input_embeddings(ids, given["pixel_values"], image_sizes=given["image_sizes"])
        return int((ids == ONEVISION_IMAGE).sum()), given["pixel_values"].shape

    found, shape = desk().call(work)
    assert found == tokens
    assert shape[:2] == (pictures, 1 if pictures > 1 else 5)


def test_after_several_one_is_cut_again(repairs):
    """Nothing of a prompt stays for the next."""

    def work():
        _, processor = opened()
        processor(images=[picture(0, 8, 8), picture(1, 4, 8)], text="<image><image>")
        return processor(images=[picture(0, 8, 8)], text="<image>")["input_ids"].shape

    assert desk().call(work) == (1, PARTS + 4 * PARTS + 4)


def test_each_tile_is_looked_at_alone(repairs):
    """Features of two pictures are those of each, with the line break's vector behind."""

    def work():
        import mlx.core as mx

        model, _ = opened()
        tiles = numbers(2, 1, 3, TILE, TILE)
        got = model.get_image_features(tiles, mx.array([[8, 8], [4, 8]]))
        *_, states = model.vision_tower(tiles[:, 0].transpose(0, 2, 3, 1), output_hidden_states=True)
        seen = model.multi_modal_projector(states[-1])
        ends = mx.broadcast_to(model.image_newline, (2, 1, 8))
        return np.array(got), np.array(mx.concatenate([seen, ends], axis=1).reshape(-1, 8))

    got, right = desk().call(work)
    assert np.allclose(got, right, atol=1e-5)
