"""LLaVA, LLaVA-NeXT and LLaVA-OneVision: options of their processors, tiles of a picture, several pictures.

Imported on the desk only.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
from mlx_vlm.models.base import InputEmbeddingsFeatures
from transformers.image_processing_utils import select_best_resolution

from vlmkit.engines.repairs.repair import Repair, override, place, reads

__all__ = ["OPTIONS", "SEVERAL", "TILES"]

_FOR_TEXT = frozenset({"padding", "padding_side", "truncation", "add_special_tokens", "max_length"})
_SIDE_PX = 64


def _mend_options(_model: Any, processor: Any, _config: dict[str, Any]) -> bool:
    """LLaVA 1.5 and others of its layout: options for text reach the pictures.

    mlx_vlm's processor hands all its options to transformers' image processor, also those that are for the tokenizer,
    and the image processor refuses what it does not know. No question with a picture gets through.
    """
    pictures = processor.image_processor
    if not _refuses_padding(pictures):
        return False
    kind = type(pictures)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return kind.__call__(self, *args, **{name: kwargs[name] for name in kwargs.keys() - _FOR_TEXT})

    override(pictures, __call__=call)
    return True


def _refuses_padding(image_processor: Any) -> bool:
    try:
        image_processor(np.zeros((_SIDE_PX, _SIDE_PX, 3), np.uint8), padding=True)
    except TypeError:
        return True
    return False


OPTIONS = Repair(
    families=frozenset({"llava"}),
    remark="mlx_vlm hands options for text to the image processor, which refuses them: here they are kept from it.",
    after_load=_mend_options,
)


def _mend_tiles(model: Any, processor: Any, config: dict[str, Any]) -> bool:
    """LLaVA-NeXT: what the tower sees in the tiles of a picture is put where the prompt has room for it.

    A picture is cut into an overview and tiles. mlx_vlm's processor writes an image token for each patch that is left
    once padding is cut away, and for each line's end, as the model was trained. Its model expects one token for each
    tile, puts a whole tile in place of a patch, then the overview's lines as so many tiles, and drops the other tokens.
    Here the tiles become one grid of patches again, the padding is cut away, each line ends with the newline vector,
    and the overview goes first: as many vectors as there are tokens.
    """
    # Without these, mlx_vlm cannot know where the padding is.
    if hasattr(model.config, "image_grid_pinpoints"):
        return False
    pinpoints = config.get("image_grid_pinpoints") or processor.image_processor.image_grid_pinpoints

    def get_input_embeddings(
        self: Any, input_ids: Any = None, pixel_values: Any = None, image_sizes: Any = None, **kwargs: Any
    ) -> Any:
        words = self.language_model.model.embed_tokens(input_ids)
        if pixel_values is None:
            return InputEmbeddingsFeatures(inputs_embeds=words)
        features = kwargs.get("cached_image_features")
        if features is None:
            features = _packed(self, pixel_values, image_sizes.tolist(), pinpoints)
        return InputEmbeddingsFeatures(inputs_embeds=place(words, input_ids, self.config.image_token_index, features))

    override(model, get_input_embeddings=get_input_embeddings)
    return True


def _packed(model: Any, pixel_values: Any, sizes: list[list[int]], pinpoints: list[list[int]]) -> Any:
    """Vectors of all pictures, one after another."""
    side_px = model.config.vision_config.image_size
    grids = [[edge // side_px for edge in select_best_resolution(size, pinpoints)] for size in sizes]
    # Pictures of fewer tiles are filled up with empty ones.
    tiles = [pixels[: 1 + rows * columns] for pixels, (rows, columns) in zip(pixel_values, grids, strict=True)]
    seen = _looked_at(model, mx.concatenate(tiles))
    packed = []
    for size, (rows, columns) in zip(sizes, grids, strict=True):
        own, seen = seen[: 1 + rows * columns], seen[1 + rows * columns :]
        packed += [own[0], _lines(own[1:].reshape(rows, columns, *own.shape[1:]), size, model.image_newline)]
    return mx.concatenate(packed)


def _looked_at(model: Any, tiles: Any) -> Any:
    *_, hidden = model.vision_tower(tiles.transpose(0, 2, 3, 1), output_hidden_states=True)
    chosen = hidden[model.vision_feature_layer]
    return model.multi_modal_projector(chosen[:, 1:] if model.vision_feature_select_strategy == "default" else chosen)


def _lines(tiles: Any, size: list[int], newline: Any) -> Any:
    """Patches of (rows, columns, patches of a tile, width) line by line, without padding, each line with its end."""
    rows, columns, patches, width = tiles.shape
    side = int(patches**0.5)
    grid = tiles.reshape(rows, columns, side, side, width).transpose(0, 2, 1, 3, 4)
    grid = grid.reshape(rows * side, columns * side, width)
    top, left = _padding(grid.shape[:2], size)
    grid = grid[top : grid.shape[0] - top, left : grid.shape[1] - left]
    ends = mx.broadcast_to(newline.astype(grid.dtype), (grid.shape[0], 1, width))
    return mx.concatenate([grid, ends], axis=1).reshape(-1, width)


def _padding(grid: tuple[int, int], size: list[int]) -> tuple[int, int]:
    """Lines of patches above and below, columns left and right, that lie outside a picture fitted into the grid."""
    height, width = size
    lines, columns = grid
    if width / height > columns / lines:
        return (lines - int(round(height * (columns / width), 7))) // 2, 0
    return 0, (columns - int(round(width * (lines / height), 7))) // 2


TILES = Repair(
    families=frozenset({"llava_next"}),
    remark="mlx_vlm puts the tiles of a picture where single patches belong: here each patch is put in its own place.",
    is_for_several=True,
    after_load=_mend_tiles,
)


def _mend_several(model: Any, processor: Any, _config: dict[str, Any]) -> bool:
    """LLaVA-OneVision: several pictures in one prompt.

    A picture that is alone is cut into tiles; of several each is one tile, padded to a square, as the model was
    trained. mlx_vlm cuts each of several into tiles, too: several times the tokens, in an order that the model never
    saw.
    """
    if not reads(type(processor).__call__, "self.image_processor(images, return_tensors="):
        return False
    _process_together(processor)
    _look_at_one_tile(model)
    return True


def _process_together(processor: Any) -> None:
    call = type(processor).__call__
    count = type(processor)._get_number_of_features  # noqa: SLF001  mlx_vlm counts nowhere else

    def process(self: Any, images: Any = None, text: Any = None, **options: Any) -> Any:
        several = isinstance(images, list | tuple) and len(images) > 1
        self.has_several = several
        # In a list of their own they belong together for the processor of pictures.
        return call(self, images=[list(images)] if several else images, text=text, **options)

    def tokens(self: Any, *sizes: int) -> Any:
        return self.num_image_tokens + 1 if self.has_several else count(self, *sizes)

    override(processor, __call__=process, _get_number_of_features=tokens)


def _look_at_one_tile(model: Any) -> None:
    original = type(model).get_image_features

    def look(self: Any, pixel_values: Any, image_sizes: Any) -> Any:
        # A picture that is cut has two tiles at least: itself and one of its own.
        if pixel_values.ndim == 5 and pixel_values.shape[1] == 1:
            return mx.concatenate(
                [original(self, picture, image_sizes[place : place + 1]) for place, picture in enumerate(pixel_values)]
            )
        return original(self, pixel_values, image_sizes)

    override(model, get_image_features=look)


SEVERAL = Repair(
    families=frozenset({"llava_onevision"}),
    remark="mlx_vlm cuts each of several pictures into tiles; here each of several is one tile, as in training.",
    after_load=_mend_several,
)
