"""What people call on an open model, the same for every kind of it; a backend brings `submit`, the rest is made of it.

`BaseBackend` of `vlmkit.backends.base` brings `submit`, too; a third party's backend derives from that.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import fields
from queue import SimpleQueue
from types import TracebackType
from typing import Any, NoReturn, Self

from vlmkit.backends.checks import blank_prompt, check_sampling, check_timeout
from vlmkit.backends.facts import Counts, ModelInfo
from vlmkit.backends.protocol import Abilities, Delta, OnDelta
from vlmkit.errors import BadSetting, Cancelled
from vlmkit.records import Ask, Reply, Sampling, one_question

__all__ = ["Surface"]

_SAMPLING = tuple(field.name for field in fields(Sampling))


class Surface(ABC):
    """An open model.

    Attributes
    ----------
    model : str
        Full name, as ``engine:name``.
    revision : str or None
    abilities : Abilities
    info : ModelInfo
    """

    model: str
    revision: str | None
    abilities: Abilities
    info: ModelInfo

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r}, revision={self.revision!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def submit(self, ask: Ask, on_delta: OnDelta | None = None) -> Future[Reply]:
        """Take an ask; return at once.

        Parameters
        ----------
        ask : Ask
        on_delta : callable or None, default None
            Gets each piece of the answer as it comes, in any thread, the last one before the future ends. It must not
            block, as other answers may wait for it; what it raises ends the ask with a `ServerFault`.

        Returns
        -------
        A future that ends with the reply or a `RunError`; cancelling it ends the ask early.

        Raises
        ------
        SetupError
            Options that mean nothing here, or the model cannot be used at all.
        """

    @abstractmethod
    def close(self) -> None:
        """Give everything back; asks in flight end with `Cancelled`. Twice is fine."""

    @property
    @abstractmethod
    def stats(self) -> Counts:
        """What has been done since the model was opened."""

    def stream(self, ask: Ask) -> Iterator[Delta]:
        """Answer piece by piece; closing the iterator cancels.

        Parameters
        ----------
        ask : Ask
            `ask` makes one.

        Raises
        ------
        RunError
            The ask failed. A `TimedOut` has what came until then as a Reply in its attribute ``partial``.
        SetupError
            As `submit`.
        """
        pieces: SimpleQueue[Delta | None] = SimpleQueue()
        future = self.submit(ask, pieces.put)
        future.add_done_callback(lambda _: pieces.put(None))
        try:
            while (piece := pieces.get()) is not None:
                yield piece
            yield Delta(reply=_result(future, self.model))
        finally:
            future.cancel()

    async def astream(self, ask: Ask) -> AsyncIterator[Delta]:
        """As `stream`, without holding up the event loop; closing the iterator or cancelling its task cancels the ask.

        Parameters
        ----------
        ask : Ask

        Raises
        ------
        RunError
            As `stream`.
        SetupError
            As `submit`.
        """
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[Delta | None] = asyncio.Queue()

        def put(piece: Delta | None) -> None:
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        future = self.submit(ask, put)
        future.add_done_callback(lambda _: put(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            yield Delta(reply=_result(future, self.model))
        finally:
            future.cancel()

    def ask(
        self,
        images: object,
        prompt: str,
        *,
        system: str | None = None,
        timeout_s: float | None = None,
        token_probabilities: bool = False,
        **sampling: Any,
    ) -> Ask:
        """Make a question that `submit`, `stream` and `astream` take; pictures are read and shrunk for this model.

        Parameters
        ----------
        images : path, bytes, PIL.Image.Image, or a list of them; None or an empty list for a question without picture
        prompt : str
        system : str or None, default None
        timeout_s : float or None, default None
            How long the model may work on the answer.
        token_probabilities : bool, default False
        **sampling
            Fields of `Sampling`: ``max_tokens``, ``temperature``, ``top_p``, ``top_k``, ``seed`` …

        Raises
        ------
        BadSetting
            A blank prompt, or a sampling option that does not exist or means nothing.
        RunError
            A picture cannot be read.
        """
        unknown = [option for option in sampling if option not in _SAMPLING]
        if unknown:
            message = f"{unknown[0]}: generate takes no such option. It takes: {', '.join(_SAMPLING)}."
            raise BadSetting(message)
        chosen = Sampling(**_with_stops(sampling))
        check_sampling(chosen)
        check_timeout(timeout_s)
        from vlmkit import sources  # only now: who uses tables alone opens pictures elsewhere

        refs = [] if images is None else sources.read(images)
        side_px = self.abilities.longest_side_px
        pictures = [sources.normalize(ref, side_px, lossless=self.abilities.lossless) for ref in refs]
        ask = Ask(
            messages=one_question(prompt, pictures, system=system),
            sampling=chosen,
            timeout_s=timeout_s,
            token_probabilities=token_probabilities,
        )
        if fault := blank_prompt(ask):
            raise BadSetting(str(fault))
        return ask

    def generate(self, images: object, prompt: str, **options: Any) -> Reply:
        """Answer one question and wait for it.

        Parameters
        ----------
        images : path, bytes, PIL.Image.Image, or a list of them; None or an empty list for a question without picture
        prompt : str
        **options
            As for `ask`: ``system``, ``timeout_s``, ``token_probabilities``, ``max_tokens``, ``temperature`` …

        Raises
        ------
        SetupError
            As `ask` and `submit`.
        RunError
            A picture cannot be read, or the model failed.
        """
        future = self.submit(self.ask(images, prompt, **options))
        try:
            return _result(future, self.model)
        except BaseException:
            # An interrupt must not leave the answer running behind the user's back.
            future.cancel()
            raise

    async def agenerate(self, images: object, prompt: str, **options: Any) -> Reply:
        """As `generate`, without holding up the event loop; cancelling the task cancels the ask.

        Parameters
        ----------
        images : path, bytes, PIL.Image.Image, or a list of them; None or an empty list for a question without picture
        prompt : str
        **options
            As for `ask`.

        Raises
        ------
        SetupError
            As `ask` and `submit`.
        RunError
            A picture cannot be read, or the model failed.
        """
        ask = await asyncio.to_thread(self.ask, images, prompt, **options)
        future = self.submit(ask)
        try:
            await _ended(future)
            return _result(future, self.model)
        finally:
            future.cancel()

    def tokenize(self, text: str) -> list[int]:
        """Token ids of a text, where the tokenizer is in this process.

        Parameters
        ----------
        text : str

        Raises
        ------
        BadSetting
            It is not.
        """
        self._without_tokenizer(text)

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Text of token ids, where the tokenizer is in this process.

        Parameters
        ----------
        tokens : sequence of int

        Raises
        ------
        BadSetting
            It is not.
        """
        self._without_tokenizer(tokens)

    def _without_tokenizer(self, _content: object) -> NoReturn:
        raise BadSetting(
            f"{self.model}: its tokenizer is not in this process. What an answer cost is in reply.usage; models that "
            "run here (mlx, tiny) have tokenize and detokenize."
        )


def _with_stops(sampling: dict[str, Any]) -> dict[str, Any]:
    """One stop text may stand alone."""
    stop = sampling.get("stop", ())
    return {**sampling, "stop": tuple(stop) if isinstance(stop, list) else (stop,) if isinstance(stop, str) else stop}


def _result(future: Future[Reply], model: str) -> Reply:
    try:
        return future.result()
    except CancelledError:
        raise Cancelled(f"{model}: the ask was cancelled before its answer was complete.") from None


async def _ended(future: Future[Reply]) -> None:
    """Wait for an end of whatever kind; asyncio's own wrapper would take a `Cancelled` for the task's cancellation."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def tell(_: Future[Reply]) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(ended.set)

    future.add_done_callback(tell)
    await ended.wait()
