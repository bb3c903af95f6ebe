"""LLaVA-NeXT: patches come in the order in which a person reads the picture, without what lies outside of it."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from tests.engines.families.repairs import reference
from vlmkit.engines.desk import desk

IMAGE = 9
SIDE_PX, PATCH_PX = 8, 2
PATCHES = SIDE_PX // PATCH_PX
PINPOINTS = [[8, 16], [16, 8], [16, 16], [24, 8], [8, 24]]
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


def build():
    from mlx_vlm.models import llava_next

    config = llava_next.ModelConfig(
        text_config=llava_next.TextConfig(**TEXT),
        vision_config=llava_next.VisionConfig(**VISION),
        model_type="llava_next",
        image_token_index=IMAGE,
        vocab_size=12,
    )
    return reference.numbered(llava_next.Model(config))


def mend(model, config):
    module = importlib.import_module("vlmkit.engines.families.repairs.llava_next")
    processor = SimpleNamespace(image_processor=SimpleNamespace(image_grid_pinpoints=PINPOINTS))
    return module.TILES.after_load(model, processor, config)


def fitted(size):
    """Rows and columns of tiles, and the patches (line, column) that hold a part of the picture: by definition.

    The picture is made as large as it fits into the grid, and put in its middle; a line of padding goes when it lies
    outside with its partner on the other side.
    """
    from transformers.image_processing_utils import select_best_resolution

    height, width = select_best_resolution(size, PINPOINTS)
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

        model = build()
        assert mend(model, {"image_grid_pinpoints": PINPOINTS})
        pixels = np.random.default_rng(2).normal(size=(len(sizes), 5, 3, SIDE_PX, SIDE_PX)).astype(np.float32)
        right = expected(model, pixels, sizes)
        ids = mx.array([[1, 2, *[IMAGE] * len(right), 3]])
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

        module = importlib.import_module("vlmkit.engines.families.repairs.llava_next")
        processor = LlavaNextProcessor.__new__(LlavaNextProcessor)
        processor.patch_size, processor.num_additional_image_tokens = PATCH_PX, 0
        processor.image_processor = SimpleNamespace(image_grid_pinpoints=PINPOINTS)
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

        model = build()
        mend(model, {})
        features = mx.arange(24, dtype=mx.float32).reshape(2, 12)
        ids = mx.array([[IMAGE, 1, IMAGE]])
        made = model.get_input_embeddings(ids, mx.zeros((1,)), cached_image_features=features).inputs_embeds
        with pytest.raises(ValueError, match="2 vectors of pictures do not fit into 1 image tokens"):
            model.get_input_embeddings(mx.array([[IMAGE, 1]]), mx.zeros((1,)), cached_image_features=features)
        return np.array(made), np.array(features)

    made, features = desk().call(work)
    assert (made[0, [0, 2]] == features).all()


@pytest.mark.usefixtures("repairs")
def test_a_mended_mlx_vlm_is_left_alone():
    """One whose configuration knows how pictures may be cut."""

    def work():
        model = build()
        model.config.image_grid_pinpoints = PINPOINTS
        return mend(model, {"image_grid_pinpoints": PINPOINTS})

    assert not desk().call(work)
