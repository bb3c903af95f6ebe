"""Pictures the model has looked at lately, so that further questions about them skip the vision tower.

What the tower made of a picture is read off the prompt's embeddings, at the image tokens, and handed to the model
instead of pixels. Not every family can take it back: the first time is computed both ways and compared, and where
anything differs the pictures are looked at again each time.

Imported on the desk only.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from vlmkit.engines import mlx_vlm_api

__all__ = ["LookedAt"]

_MOST_BYTES = 256 * 1024 * 1024
# Half precision rounds differently in another order; a wrong picture differs by whole units.
_TOLERANCE = 1e-2


@dataclass(frozen=True, slots=True)
class _Look:
    embeddings: Any
    places: tuple[int, ...]


class LookedAt:
    """Embeds prompts, and remembers what their pictures looked like.

    Parameters
    ----------
    model : mlx_vlm model
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._looks: OrderedDict[tuple[str, ...], _Look] = OrderedDict()
        self._bytes = 0
        self._is_proven = False
        self._is_possible = True

    def embed(
        self, inputs: dict[str, Any], token_ids: list[int], digests: tuple[str, ...], image_token: int | None
    ) -> dict[str, Any]:
        """What the language model is prefilled with, as `mlx_vlm_api.embed` makes it.

        Parameters
        ----------
        inputs : dict
            What the model's processor made of text and pictures.
        token_ids : list of int
            Of the prompt.
        digests : tuple of str
            Of the pictures, in order; empty where nothing shall be remembered.
        image_token : int or None
            Stands in the prompt for a part of a picture; nothing is remembered where there is none.
        """
        places = tuple(place for place, token in enumerate(token_ids) if token == image_token)
        if not (self._is_possible and digests and places):
            return mlx_vlm_api.embed(self._model, inputs)
        look = self._looks.get(digests)
        if look is not None:
            self._looks.move_to_end(digests)
            return self._reused(inputs, look)
        made = mlx_vlm_api.embed(self._model, inputs)
        # Kept whole: most pictures are asked about once, and cutting the features out would cost them all.
        if made["inputs_embeds"].shape[1] == len(token_ids):
            self._remember(digests, _Look(made["inputs_embeds"], places))
        return made

    def forget(self) -> None:
        """Let every picture go."""
        self._looks.clear()
        self._bytes = 0

    def _remember(self, digests: tuple[str, ...], look: _Look) -> None:
        self._looks[digests] = look
        self._bytes += look.embeddings.nbytes
        while self._bytes > _MOST_BYTES and len(self._looks) > 1:
            self._bytes -= self._looks.popitem(last=False)[1].embeddings.nbytes

    def _reused(self, inputs: dict[str, Any], look: _Look) -> dict[str, Any]:
        features = look.embeddings[0][mx.array(look.places)]
        if self._is_proven:
            return mlx_vlm_api.embed(self._model, inputs, features=features)
        made = mlx_vlm_api.embed(self._model, inputs)
        self._is_proven = self._is_possible = _is_same(made, self._attempt(inputs, features))
        if not self._is_possible:
            self.forget()
        return made

    def _attempt(self, inputs: dict[str, Any], features: Any) -> dict[str, Any]:
        try:
            return mlx_vlm_api.embed(self._model, inputs, features=features)
        except Exception:  # noqa: BLE001  a family that takes no features may say so in any way
            return {}


def _is_same(made: dict[str, Any], again: dict[str, Any]) -> bool:
    return made.keys() == again.keys() and all(_is_close(made[name], again[name]) for name in made)


def _is_close(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_is_close, one, other))
    if not isinstance(one, mx.array):
        return bool(one == other)
    return one.shape == other.shape and bool(mx.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE).item())
