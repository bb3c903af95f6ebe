"""The MLX engine: a vision-language model in this process, as a backend and as a library of its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit import settings
from vlmkit.arguments import check_whole
from vlmkit.backends import AskJob, BaseBackend, Insight, OnDelta
from vlmkit.engines import checkpoint_files, inspection, locate, rendering
from vlmkit.engines import desk as desks
from vlmkit.engines.device import check_device, choose_device
from vlmkit.engines.families import verdicts
from vlmkit.engines.grammar import check_constraint_of, check_tool_choice
from vlmkit.engines.locate import Specification, revision_of
from vlmkit.engines.opening import Seat, Seats, load_timeout_s, open_on_desk
from vlmkit.engines.picture_pool import PicturePool, decode_all
from vlmkit.engines.request import Request
from vlmkit.errors import BadSetting, Cancelled, ModelLoadFailed, RunError, ServerFault, SetupError
from vlmkit.extras import open_by_name
from vlmkit.records import Ask

if TYPE_CHECKING:
    from vlmkit.backends import Counts
    from vlmkit.engines.isolation.engine import IsolatedEngine
    from vlmkit.engines.language import LoadedModel
    from vlmkit.engines.scheduler import Scheduler

__all__ = ["Engine", "open_engine", "open_specified"]

# One encodes while two decode; a picture takes milliseconds, a prompt hundreds of them.
_PICTURE_THREADS = 2


def open_engine(
    name: str,
    *,
    url: str | None = None,
    revision: str | None = None,
    adapter: str | Path | None = None,
    slots: int | None = None,
    device: str = "auto",
    kv_cache_tokens: int | None = None,
    allow_code: str | None = None,
    allow_wrong: str | None = None,
    timeout_s: float | str | None = None,
    isolate_model: bool | None = None,
) -> Engine | IsolatedEngine:
    """Open a model in this process, or in a child of it.

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
    device : {"auto", "cpu", "gpu"}, default "auto"
        Where to compute, for all models of this process; "auto" is a GPU where MLX finds one.
    kv_cache_tokens : int or None, default None
        Most tokens kept in memory at the same time: rows in slots, each as long as the longest of them may become with
        its prompt and ``max_tokens``. Asks wait while it is used up; one that can never fit is `Refused`.
    allow_code : str or None, default None
        Name of the model, to allow the code that its checkpoint ships to run.
    allow_wrong : str or None, default None
        Name of the model, to open it although its answers are known to be wrong, or it does not see rightly.
    timeout_s : float, "none" or None, default None
        Longest time for loading, its download not counted, in seconds; None takes the setting ``load_timeout_s``, which
        is 15 minutes and 2 more for each gigabyte of weights unless set.
    isolate_model : bool or None, default None
        Whether it runs in a child process, so that a native abort, a kill or a hang there costs a few asks and not this
        process. The answers are the same. None takes the setting.

    Returns
    -------
    Engine or IsolatedEngine
        Loaded and checked; both have the same surface.

    Raises
    ------
    BadSetting
        An option that cannot be used.
    ModelNotFound
        No such directory, repository, revision or adapter, or downloading is forbidden.
    ModelLoadFailed
        It is there and cannot be used: no vision model, unknown architecture, unsafe, damaged, too big, wrong, or it
        takes too long to load.
    MissingExtra
        mlx or mlx_vlm cannot be imported.
    """
    if url is not None:
        message = f"mlx:{name}@{url}: an mlx model runs in this process and has no address. Leave out @ and on."
        raise BadSetting(message)
    _check_count("slots", slots, "answers to write at the same time")
    _check_count("kv_cache_tokens", kv_cache_tokens, "tokens to keep in memory at the same time")
    check_device(device)
    given_s, is_isolated = settings.get("load_timeout_s", timeout_s), settings.get("isolate_model", isolate_model)
    if device != "auto" and not is_isolated:  # before anything is looked for, let alone downloaded
        desks.desk().call(partial(choose_device, device))
    allow_code, allow_wrong = _as_named(allow_code, name), _as_named(allow_wrong, name)
    place = locate.find(name, revision=revision, code_allowed=allow_code == name)
    adapter_directory = locate.find_adapter(adapter)
    if adapter_directory is not None:
        checkpoint_files.check_all(adapter_directory, name)
    checkpoint = inspection.inspect(place.directory, name=name, allow_code=allow_code)
    verdicts.check_right(name, checkpoint.model_type, allow_wrong=allow_wrong)
    specification = Specification(
        name=name,
        revision=revision_of(place.directory, place.commit, adapter_directory),
        directory=place.directory,
        commit=place.commit,
        adapter=adapter_directory,
        slots=slots,
        kv_cache_tokens=kv_cache_tokens,
        device=device,
        load_timeout_s=load_timeout_s(given_s, checkpoint.weight_bytes),
        code_allowed=allow_code == name,
        wrong_allowed=allow_wrong == name,
    )
    if is_isolated:
        isolated: IsolatedEngine = open_by_name("vlmkit.engines.isolation.engine:IsolatedEngine")(specification)
        return isolated
    return Engine(specification, checkpoint)


def open_specified(specification: Specification) -> Engine:
    """Open the model in this process that another process specified; the files are looked at anew.

    Parameters
    ----------
    specification : Specification

    Raises
    ------
    SetupError
        As `open_engine`; or the files are not those that were specified.
    """
    name = specification.name
    desks.desk().call(partial(choose_device, specification.device))
    allow_code, allow_wrong = (
        name if allowed else None for allowed in (specification.code_allowed, specification.wrong_allowed)
    )
    checkpoint = inspection.inspect(specification.directory, name=name, allow_code=allow_code)
    verdicts.check_right(name, checkpoint.model_type, allow_wrong=allow_wrong)
    if revision_of(specification.directory, specification.commit, specification.adapter) != specification.revision:
        raise ModelLoadFailed(f"{name}: its files in {specification.directory} have changed meanwhile. Open it again.")
    return Engine(specification, checkpoint)


class Engine(BaseBackend):
    """An open model; made by `open_engine` or ``vlmkit.load``.

    Attributes
    ----------
    model : str
        Full name, as ``mlx:…``.
    revision : str
    abilities : Abilities
    info : ModelInfo

    Examples
    --------
    >>> import vlmkit as vk
    >>> from vlmkit.tiny import scenes
    >>> with vk.load("tiny") as engine:
    ...     reply = engine.generate(scenes.make(7).draw(), "How many circles are there?")
    >>> reply.finish_reason, reply.model
    ('stop', 'mlx:tiny')
    """

    revision: str

    def __init__(self, specification: Specification, checkpoint: inspection.Checkpoint) -> None:
        super().__init__(f"mlx:{specification.name}", revision=specification.revision)
        self._numbers = itertools.count()
        if not locate.is_bundled(checkpoint.directory):
            rendering.prepare()  # while the weights are read
        opening = partial(
            open_on_desk,
            checkpoint,
            name=self.model,
            revision=specification.revision,
            adapter=specification.adapter,
            slots=specification.slots,
            kv_cache_tokens=specification.kv_cache_tokens,
            code_allowed=specification.code_allowed,
            wrong_allowed=specification.wrong_allowed,
        )
        self._seats = Seats(self.model, opening, specification.load_timeout_s)
        self.info = self._seat.opened.info
        self.abilities = self._seat.opened.abilities
        self._pool = PicturePool(_PICTURE_THREADS, self._decoded)

    @property
    def _seat(self) -> Seat:
        seat = self._seats.good()
        if seat is None:
            raise self.closed()
        return seat

    @property
    def _desk(self) -> desks.Desk:
        return self._seat.desk

    @property
    def _language(self) -> LoadedModel:
        return self._seat.opened.language

    @property
    def _scheduler(self) -> Scheduler:
        return self._seat.opened.scheduler

    @property
    def stats(self) -> Counts:
        """What has been done since the model was opened.

        Raises
        ------
        Cancelled
            The engine is closed.
        """
        seat = self._seats.now
        if seat is None:
            raise self.closed()
        return seat.opened.scheduler.counts

    def check(self, ask: Ask) -> None:
        """See that the desk can be used, and that a constraint or a choice of tools can be kept.

        Parameters
        ----------
        ask : Ask

        Raises
        ------
        BadSchema
            A constraint that cannot be kept.
        BadSetting
            A tool call is required, and nothing says in which form.
        ModelLoadFailed
            The process was forked after the model was opened, or the desk is lost.
        """
        check_constraint_of(self.model, self.abilities, ask.constraint)
        check_tool_choice(self.model, ask)

    def check_process(self) -> None:
        """See that the desk can be used from here.

        Raises
        ------
        ModelLoadFailed
            The process was forked after the desk was opened, or is ending; or the desk is lost.
        """
        desks.desk().check()

    def make_job(self, ask: Ask, on_delta: OnDelta | None) -> Request:
        """A request, as the desk takes it.

        Parameters
        ----------
        ask : Ask
        on_delta : callable or None
        """
        return Request(next(self._numbers), ask, self.model, self.revision, on_delta)

    def start(self, job: AskJob) -> None:
        """Have the pictures decoded, and hand the job to the desk.

        Parameters
        ----------
        job : AskJob

        Raises
        ------
        Cancelled
            The engine is closed.
        """
        if isinstance(job, Request):
            try:
                self._pool.put(job)
            except RuntimeError:  # the pool is shut
                raise self.closed() from None

    def look_inside(self, ask: Ask) -> Insight:
        """What the model is given for an ask, which is not answered here.

        Raises
        ------
        Cancelled
            The engine is closed.
        """
        images = decode_all(ask.pictures)
        look = open_by_name("vlmkit.engines.probe:look_inside")
        insight: Insight = self._desk.call(partial(look, self._language, ask, images))
        return insight

    def tokenize(self, text: str) -> list[int]:
        """Token ids of a text, without the template's markers.

        Raises
        ------
        Cancelled
            The engine is closed.
        """
        return self._desk.call(partial(self._language.encode, text))

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Text of token ids, the template's markers left out.

        Raises
        ------
        Cancelled
            The engine is closed.
        """
        return self._desk.call(partial(self._language.decode, list(tokens)))

    def stop(self) -> None:
        """Give the memory back."""
        self._pool.shut()
        self._seats.give_up()

    def _decoded(self, request: Request, images: Future[list[Any]]) -> None:
        """Hand a request on once its pictures are decoded, on the thread that did it."""
        if images.cancelled() or self._seats.now is None:
            request.end(self.closed())
        elif error := images.exception():
            request.end(_picture_fault(error))
        else:
            request.images = images.result()
            self._hand_on(request)

    def _hand_on(self, request: Request) -> None:
        try:
            seat = self._seat
            seat.opened.scheduler.submit(request)
            seat.desk.wake(seat.opened.scheduler)
        except Cancelled as error:
            request.end(error)
        except SetupError as error:  # the desk is closed; or it was lost, and the model cannot be opened any more
            request.end(ServerFault(str(error), is_fatal=True) if self._seats.now else self.closed())


def _as_named(word: str | None, name: str) -> str | None:
    """A model's name, where a word means it: with its engine before it, or as another path to the same directory."""
    if word is None:
        return None
    bare, directory = word.removeprefix("mlx:"), Path(name).expanduser()
    is_same = directory.is_dir() and Path(bare).expanduser().resolve() == directory.resolve()
    return name if bare == name or is_same else word


def _check_count(name: str, value: object, what: str) -> None:
    if value is not None:
        check_whole(name, value, f"1 or more {what}")


def _picture_fault(error: BaseException) -> RunError:
    if isinstance(error, RunError):
        return error
    fault = ServerFault(f"A picture could not be decoded: {type(error).__name__}: {error}. Try it alone.")
    fault.__cause__ = error
    return fault
