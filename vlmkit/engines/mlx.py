"""The MLX engine: a vision-language model in this process, as a backend and as a library of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from vlmkit import sources
from vlmkit.backends.protocol import Abilities, Delta
from vlmkit.engines import desk as desks
from vlmkit.engines import inspection, loading, locate
from vlmkit.engines.request import Request
from vlmkit.errors import BadSetting, Cancelled, ModelLoadFailed, Refused, RunError, ServerFault
from vlmkit.records import Ask, Picture, Reply, Sampling

if TYPE_CHECKING:
    from vlmkit.engines.loading import Loaded
    from vlmkit.engines.scheduler import Counts, Scheduler

__all__ = ["Engine", "EngineInfo", "open_engine"]

# One encodes while two decode; a picture takes milliseconds, a prompt hundreds of them.
_PICTURE_THREADS = 2
_SLOTS_CPU = 16
_SLOTS_GPU = 8
_IMAGES_PER_ASK = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineInfo:
    """Facts about an open model.

    Attributes
    ----------
    name : str
        Full name, as ``mlx:…``.
    revision : str
        Commit on the Hub, or a digest of a local checkpoint.
    architecture : str
        mlx_vlm's name of the family.
    parameters : int
    quantization : str or None
        Of the checkpoint, as ``"4-bit"``.
    precision : str
        Number format in memory: ``"float32"``, ``"mixed"`` or ``"checkpoint"``.
    context_length : int or None
        Tokens of prompt and answer together.
    memory_bytes : int
        Weights in memory.
    device : str
        ``"cpu"`` or ``"gpu"``.
    slots : int
        Answers written at the same time.
    serving : str
        ``"batched"`` or ``"one by one"``.
    why_one_by_one : str
        What the probe found; empty when batched.
    """

    name: str
    revision: str
    architecture: str
    parameters: int
    quantization: str | None
    precision: str
    context_length: int | None
    memory_bytes: int
    device: str
    slots: int
    serving: str
    why_one_by_one: str = ""


def open_engine(
    name: str,
    *,
    url: str | None = None,
    revision: str | None = None,
    adapter: str | Path | None = None,
    slots: int | None = None,
    allow_code: str | None = None,
) -> Engine:
    """Open a model in this process.

    Parameters
    ----------
    name : str
        ``"tiny"``, a Hub id (``org/name``), or a directory.
    url : str or None, default None
        Not accepted: nothing is asked over a network.
    revision : str or None, default None
        Branch, tag or commit on the Hub.
    adapter : str, Path or None, default None
        Directory of LoRA weights.
    slots : int or None, default None
        Answers written at the same time; None is 16 on a CPU and 8 elsewhere.
    allow_code : str or None, default None
        Name of the model, to allow the code that its checkpoint ships to run.

    Returns
    -------
    Engine
        Loaded and checked.

    Raises
    ------
    BadSetting
        An option that cannot be used.
    ModelNotFound
        No such directory, repository, revision or adapter, or downloading is forbidden.
    ModelLoadFailed
        It is there and cannot be used: no vision model, unknown architecture, unsafe, damaged, too big.
    MissingExtra
        mlx or mlx_vlm cannot be imported.
    """
    if url is not None:
        message = f"mlx:{name}@{url}: an mlx model runs in this process and has no address. Leave out @ and on."
        raise BadSetting(message)
    if slots is not None and slots < 1:
        message = f"slots: {slots} cannot be used. Give 1 or more answers to write at the same time."
        raise BadSetting(message)
    place = locate.find(name, revision=revision, code_allowed=allow_code == name)
    adapter_directory = locate.find_adapter(adapter)
    checkpoint = inspection.inspect(place.directory, name=name, allow_code=allow_code)
    commit = place.commit or inspection.digest(place.directory)
    if adapter_directory is not None:
        commit = f"{commit}+{inspection.digest(adapter_directory)}"
    return Engine(
        f"mlx:{name}",
        revision=commit,
        checkpoint=checkpoint,
        adapter=adapter_directory,
        slots=slots,
        code_allowed=allow_code == name,
    )


class Engine:
    """An open model; made by `open_engine` or ``vlmkit.load``.

    Attributes
    ----------
    model : str
        Full name, as ``mlx:…``.
    revision : str
    abilities : Abilities
    info : EngineInfo

    Examples
    --------
    >>> import vlmkit as vk
    >>> with vk.load("tiny") as engine:                                    # doctest: +SKIP
    ...     engine.generate("scene.png", "How many circles are there?").text
    '2'
    """

    def __init__(
        self,
        model: str,
        *,
        revision: str,
        checkpoint: inspection.Checkpoint,
        adapter: Path | None,
        slots: int | None,
        code_allowed: bool,
    ) -> None:
        self.model = model
        self.revision = revision
        self._numbers = itertools.count()
        self._desk = desks.desk()
        opening = partial(
            _open_on_desk, checkpoint, name=model, adapter=adapter, slots=slots, code_allowed=code_allowed
        )
        opened = self._desk.call(opening)
        self._loaded: Loaded | None = opened.loaded
        self._scheduler: Scheduler | None = opened.scheduler
        self._desk.join(opened.scheduler)
        self._pool = ThreadPoolExecutor(_PICTURE_THREADS, thread_name_prefix="vlmkit-pictures")
        self.info = EngineInfo(
            name=model,
            revision=revision,
            architecture=checkpoint.model_type,
            parameters=opened.loaded.parameters,
            quantization=checkpoint.quantization,
            precision=opened.loaded.precision,
            context_length=checkpoint.context_length,
            memory_bytes=opened.loaded.memory_bytes,
            device=opened.loaded.device,
            slots=opened.slots,
            serving="one by one" if opened.why_one_by_one else "batched",
            why_one_by_one=opened.why_one_by_one,
        )
        self.abilities = Abilities(
            images_per_ask=opened.images_per_ask, token_probabilities=True, parallel_asks=2 * opened.slots
        )

    def __repr__(self) -> str:
        return f"Engine({self.model!r}, revision={self.revision!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def stats(self) -> Counts:
        """What has been done since the model was opened.

        Raises
        ------
        Cancelled
            The engine is closed.
        """
        return self._open_scheduler().counts

    def submit(self, ask: Ask) -> Future[Reply]:
        """Take an ask; return at once.

        Returns
        -------
        A future that ends with the reply or a `RunError`; cancelling it stops the answer between two tokens.

        Raises
        ------
        BadSetting
            Sampling values that mean nothing.
        ModelLoadFailed
            The process was forked after the model was opened.
        """
        return self._send(Request(next(self._numbers), ask, self.model, self.revision))

    def stream(self, ask: Ask) -> Iterator[Delta]:
        """Answer piece by piece; closing the iterator cancels.

        Raises
        ------
        RunError
            The ask failed.
        SetupError
            As `submit`.
        """
        pieces: SimpleQueue[str | None] = SimpleQueue()
        future = self._send(Request(next(self._numbers), ask, self.model, self.revision, on_text=pieces.put))
        future.add_done_callback(lambda _: pieces.put(None))
        try:
            while (piece := pieces.get()) is not None:
                yield Delta(text=piece)
            yield Delta(reply=future.result())
        finally:
            future.cancel()

    def generate(
        self,
        images: object,
        prompt: str,
        *,
        system: str | None = None,
        timeout_s: float | None = None,
        token_probabilities: bool = False,
        **sampling: Any,
    ) -> Reply:
        """Answer one question and wait for it.

        Parameters
        ----------
        images : path, bytes, PIL.Image.Image, or a list of them; None or an empty list for a question without picture
        prompt : str
        system : str or None, default None
        timeout_s : float or None, default None
        token_probabilities : bool, default False
        **sampling
            Fields of `Sampling`: ``max_tokens``, ``temperature``, ``top_p``, ``top_k``, ``seed`` …

        Raises
        ------
        BadSetting
            A sampling option that does not exist or means nothing.
        RunError
            A picture cannot be read, or the model failed.
        """
        unknown = [option for option in sampling if option not in _SAMPLING]
        if unknown:
            message = f"{unknown[0]}: generate takes no such option. It takes: {', '.join(_SAMPLING)}."
            raise BadSetting(message)
        ask = Ask(
            pictures=self._pictures(images),
            prompt=prompt,
            system=system,
            sampling=Sampling(**sampling),
            timeout_s=timeout_s,
            token_probabilities=token_probabilities,
        )
        future = self.submit(ask)
        try:
            return future.result()
        except BaseException:
            # An interrupt must not leave the answer running behind the user's back.
            future.cancel()
            raise

    def tokenize(self, text: str) -> list[int]:
        """Token ids of a text, without the template's markers."""
        return self._desk.call(lambda: self._open_loaded().language.encode(text))

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Text of token ids, the template's markers left out."""
        return self._desk.call(lambda: self._open_loaded().language.decode(list(tokens)))

    def close(self) -> None:
        """End asks in flight with `Cancelled` and give the memory back. Twice is fine."""
        scheduler, self._scheduler = self._scheduler, None
        loaded, self._loaded = self._loaded, None
        if scheduler is None or loaded is None:
            return
        self._pool.shutdown(wait=False, cancel_futures=True)
        with suppress(ModelLoadFailed):  # the desk closed meanwhile, and shut the scheduler itself
            self._desk.leave(scheduler)
            self._desk.call(scheduler.shut)
            # The last names of the model; what it held is given back once they are gone.
            del scheduler, loaded
            self._desk.call(loading.give_back)

    def _send(self, request: Request) -> Future[Reply]:
        _check(request.ask.sampling)
        self._desk.check()
        if self._scheduler is None:
            request.fail(Cancelled(f"{self.model} is closed. Open it again to ask more."))
        elif len(request.ask.pictures) > self.abilities.images_per_ask:
            request.fail(self._too_many(len(request.ask.pictures)))
        else:
            self._decode(request)
        return request.future

    def _decode(self, request: Request) -> None:
        work = partial(_decode_pictures, request.ask.pictures)
        try:
            self._pool.submit(work).add_done_callback(partial(self._decoded, request))
        except RuntimeError:  # closed between the check and now
            request.fail(Cancelled(f"{self.model} is closed. Open it again to ask more."))

    def _decoded(self, request: Request, images: Future[list[Any]]) -> None:
        """Hand a request on once its pictures are decoded, on the thread that did it."""
        scheduler = self._scheduler
        if images.cancelled() or scheduler is None:
            request.fail(Cancelled(f"{self.model} was closed before the answer was complete. Open it again."))
        elif error := images.exception():
            request.fail(_picture_fault(error))
        else:
            request.images = images.result()
            scheduler.submit(request)
            try:
                self._desk.wake(scheduler)
            except ModelLoadFailed:
                request.fail(Cancelled(f"{self.model} was closed before the answer was complete."))

    def _too_many(self, pictures: int) -> Refused:
        return Refused(
            f"{self.model} takes {self.abilities.images_per_ask} picture(s) per question and was given {pictures}. "
            "Ask about fewer at a time."
        )

    def _pictures(self, images: object) -> tuple[Picture, ...]:
        refs = [] if images is None else sources.read(images)
        return tuple(sources.normalize(ref, self.abilities.longest_side_px) for ref in refs)

    def _open_scheduler(self) -> Scheduler:
        if self._scheduler is None:
            message = f"{self.model} is closed. Open it again."
            raise Cancelled(message)
        return self._scheduler

    def _open_loaded(self) -> Loaded:
        if self._loaded is None:
            message = f"{self.model} is closed. Open it again."
            raise Cancelled(message)
        return self._loaded


_SAMPLING = tuple(field.name for field in fields(Sampling))


@dataclass(frozen=True, kw_only=True)
class _Opened:
    loaded: Loaded
    scheduler: Scheduler
    slots: int
    images_per_ask: int
    why_one_by_one: str


def _open_on_desk(
    checkpoint: inspection.Checkpoint, *, name: str, adapter: Path | None, slots: int | None, code_allowed: bool
) -> _Opened:
    loaded = loading.load(checkpoint, name=name, adapter=adapter, code_allowed=code_allowed)
    # Importable only now that mlx is.
    from vlmkit.engines import conformance, foreign
    from vlmkit.engines.scheduler import Scheduler

    wanted = slots or (_SLOTS_CPU if loaded.device == "cpu" else _SLOTS_GPU)
    decoder, why = conformance.decoder_for(loaded.language, checkpoint.config, wanted)
    return _Opened(
        loaded=loaded,
        scheduler=Scheduler(loaded.language, decoder),
        slots=decoder.slots,
        images_per_ask=1 if foreign.single_image_only(checkpoint.model_type) else _IMAGES_PER_ASK,
        why_one_by_one=why,
    )


def _decode_pictures(pictures: tuple[Picture, ...]) -> list[Any]:
    return [sources.decode(picture) for picture in pictures]


def _picture_fault(error: BaseException) -> RunError:
    if isinstance(error, RunError):
        return error
    fault = ServerFault(f"A picture could not be decoded: {type(error).__name__}: {error}. Try it alone.")
    fault.__cause__ = error
    return fault


def _check(sampling: Sampling) -> None:
    """See that sampling values mean something."""
    rules = (
        ("max_tokens", sampling.max_tokens >= 1, "1 or more"),
        ("temperature", sampling.temperature >= 0, "0 or more"),
        ("top_p", 0 < sampling.top_p <= 1, "a number above 0, up to 1"),
        ("top_k", sampling.top_k >= 0, "0 (all) or more"),
        ("repetition_penalty", sampling.repetition_penalty > 0, "a number above 0; 1 changes nothing"),
    )
    for field_name, sound, accepts in rules:
        if not sound:
            message = f"{field_name}: {getattr(sampling, field_name)!r} cannot be used. Give {accepts}."
            raise BadSetting(message)
