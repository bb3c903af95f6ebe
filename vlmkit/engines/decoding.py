"""Two ways from prompts to tokens: rows that share one continuous batch, or one answer after another.

Imported on the desk only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

from vlmkit.engines import mlx_vlm_api
from vlmkit.engines.features import LookedAt

__all__ = ["Decoder", "OneByOne", "Prompt", "SharedBatch"]


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
