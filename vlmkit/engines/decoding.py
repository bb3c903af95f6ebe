"""Two ways from prompts to tokens: rows that share one continuous batch, or one answer after another.

Imported on the desk only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

import mlx.core as mx

from vlmkit.engines import mlx_vlm_api

__all__ = ["Decoder", "LookedAt", "OneByOne", "Prompt", "SharedBatch"]


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A finished prompt.

    Attributes
    ----------
    text : str
        Template applied; pictures are marks in it.
    token_ids : list of int
        What the model reads.
    inputs : dict
        What the model's processor made of text and pictures, the ids included.
    image_token : int or None
        Token that stands for a part of a picture; None where the family has none.
    digests : tuple of str
        Of the pictures' bytes; further prompts with the same ones may spare the vision tower.
    """

    text: str
    token_ids: list[int] = field(default_factory=list)
    inputs: dict[str, Any] = field(default_factory=dict)
    image_token: int | None = None
    digests: tuple[str, ...] = ()


class Decoder(Protocol):
    """Rows in, tokens out."""

    slots: int

    def __len__(self) -> int:
        """Rows in hand."""

    def admit(self, row: int, prompt: Prompt, processors: list[Any], max_tokens: int) -> None:
        """Read a prompt and take its row in; a fault concerns this row alone."""

    def step(self) -> list[tuple[int, int]]:
        """The next token of every row, as (row, token)."""

    def remove(self, rows: set[int]) -> None:
        """Let rows go."""

    def reset(self) -> None:
        """Let every row go, whatever state they are in."""

    def close(self) -> None:
        """Give back what is held beyond rows."""


class SharedBatch:
    """Every row takes part in each step of one batch.

    Parameters
    ----------
    model : mlx_vlm model
    slots : int
        Most rows at once.
    """

    def __init__(self, model: Any, slots: int) -> None:
        self.slots = slots
        self._model = model
        self._batch: Any = None
        self._looked_at = LookedAt(model)
        self._held = ExitStack()
        self._held.enter_context(mlx_vlm_api.wired(model))

    def __len__(self) -> int:
        return len(self._batch) if self._batch is not None else 0

    def admit(self, row: int, prompt: Prompt, processors: list[Any], max_tokens: int) -> None:  # noqa: ARG002
        """Embed and prefill one prompt, alone: several at once come out wrong in some families."""
        with mlx_vlm_api.on_stream():
            kwargs = self._looked_at.embed(prompt.inputs, prompt.token_ids, prompt.digests, prompt.image_token)
            new = mlx_vlm_api.prefill(self._model, row, prompt.token_ids, kwargs, processors)
            if len(self):
                self._batch.extend(new)
            else:
                self._batch = new

    def step(self) -> list[tuple[int, int]]:
        """Decode one token of every row."""
        with mlx_vlm_api.on_stream():
            return [(response.uid, response.token) for response in self._batch.next()]

    def remove(self, rows: set[int]) -> None:
        """Let rows go; the others are not touched."""
        keep = [place for place, row in enumerate(self._batch.uids) if row not in rows]
        if len(keep) < len(self):
            with mlx_vlm_api.on_stream():
                self._batch.filter(keep)

    def reset(self) -> None:
        """Let the batch go as it is."""
        self._batch = None

    def close(self) -> None:
        """Let the batch and the wired memory go."""
        self.reset()
        self._held.close()


class OneByOne:
    """mlx_vlm's own generation, one answer after another: for families whose rows do not share a batch rightly.

    Parameters
    ----------
    model : mlx_vlm model
    processor : transformers processor
    """

    slots = 1

    def __init__(self, model: Any, processor: Any) -> None:
        self._model = model
        self._processor = processor
        self._row = -1
        self._tokens: Iterator[tuple[int, Any]] | None = None

    def __len__(self) -> int:
        return 0 if self._tokens is None else 1

    def admit(self, row: int, prompt: Prompt, processors: list[Any], max_tokens: int) -> None:
        """Begin to generate."""
        self._row = row
        self._tokens = mlx_vlm_api.plain_tokens(
            self._model, self._processor, prompt.inputs, max_tokens=max_tokens, processors=processors
        )

    def step(self) -> list[tuple[int, int]]:
        """Generate one token.

        Raises
        ------
        RuntimeError
            mlx_vlm stopped without saying that the answer is complete.
        """
        if self._tokens is None:
            return []
        for token, _ in self._tokens:
            return [(self._row, token)]
        message = "generation ended before the answer did"
        raise RuntimeError(message)

    def remove(self, rows: set[int]) -> None:
        """Stop generating, where the row is meant."""
        if self._row in rows:
            self.reset()

    def reset(self) -> None:
        """Stop generating."""
        self._row, self._tokens = -1, None

    def close(self) -> None:
        """Stop generating."""
        self.reset()


_MOST_BYTES = 256 * 1024 * 1024
# Half precision rounds differently in another order; a wrong picture differs by whole units.
_TOLERANCE = 1e-2


@dataclass(frozen=True, slots=True)
class _Look:
    embeddings: Any
    places: tuple[int, ...]


class LookedAt:
    """Embeds prompts, and remembers pictures looked at lately, so that more questions about them skip the vision tower.

    What the tower made of a picture is read off the prompt's embeddings, at the image tokens, and handed to the model
    instead of pixels. Not every family can take it back: the first time is computed both ways and compared, and where
    anything differs the pictures are looked at again each time.

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
