"""What is known of a model: facts and counts of an open one; of a checkpoint, whether it is right and fits here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from html import escape

from vlmkit.backends.call_styles import CallMarkup
from vlmkit.records import Reply

__all__ = ["Compatibility", "Counts", "ModelInfo", "counted", "reply_in"]

_GIB = 2**30
_SHOUTED = {"wrong": "WRONG"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelInfo:
    """Facts about an open model; None is what is not known, as a server does not say everything.

    Attributes
    ----------
    name : str
        Full name, as ``engine:name``.
    revision : str or None
        Commit on the Hub, or a digest of the weights.
    destination : str, default "this process"
        Where pictures go to be looked at; for a server its address.
    sees_pictures : bool or None
    architecture : str or None
        mlx_vlm's name of the family.
    parameters : int or None
    quantization : str or None
        Of the checkpoint, as ``"4-bit"``, or in the server's words.
    precision : str or None
        Number format in memory: ``"float32"``, ``"mixed"`` or ``"checkpoint"``.
    context_length : int or None
        Tokens of prompt and answer together.
    memory_bytes : int or None
        Weights in memory.
    device : str or None
        ``"cpu"`` or ``"gpu"``.
    slots : int or None
        Answers written at the same time.
    kv_cache_tokens : int or None
        Most tokens of all answers, prompts included, that are kept in memory at the same time; None means no limit.
    serving : str or None
        ``"batched"`` or ``"one by one"``.
    why_one_by_one : str, default ""
        What the probe found; empty when batched.
    has_tokenizer : bool, default False
        Whether `tokenize` works; servers keep theirs to themselves.
    faithfulness : str or None
        How the answers of this family compare with those of transformers, on which its makers tested it: ``"same"``,
        ``"nearly"``, ``"differs"``, ``"wrong"``, ``"fails"`` or ``"never compared"``.
    remarks : tuple of str, default ()
        Sentences about what differs, and about what was repaired.
    call_markup : CallMarkup or None
        How calls of tools stand in the text of its answers; None where a server reads them out itself.
    """

    name: str
    revision: str | None = None
    destination: str = "this process"
    sees_pictures: bool | None = None
    architecture: str | None = None
    parameters: int | None = None
    quantization: str | None = None
    precision: str | None = None
    context_length: int | None = None
    memory_bytes: int | None = None
    device: str | None = None
    slots: int | None = None
    kv_cache_tokens: int | None = None
    serving: str | None = None
    why_one_by_one: str = ""
    has_tokenizer: bool = False
    faithfulness: str | None = None
    remarks: tuple[str, ...] = ()
    call_markup: CallMarkup | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What a model has done since it was opened.

    Attributes
    ----------
    answered, failed : int
        Asks that ended with a reply, or with a fault (cancelled ones included).
    prompt_tokens, completion_tokens : int
        Of replies, as far as the backend says it.
    steps : int or None
        Decoding steps; `completion_tokens` by `steps` is how full the batch was. None for a server, which does not say
        it; so are the next two.
    prompt_seconds, decode_seconds : float or None
        Time spent reading pictures and prompts, and writing tokens.
    """

    answered: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    steps: int | None = None
    prompt_seconds: float | None = None
    decode_seconds: float | None = None

    @property
    def tokens_per_second(self) -> float | None:
        """Tokens written in a second of decoding, 0 before the first; None where that time is not known."""
        if self.decode_seconds is None:
            return None
        return self.completion_tokens / self.decode_seconds if self.decode_seconds else 0.0


def reply_in(future: Future[Reply]) -> Reply | None:
    """What a future that is done ended with; None for a fault or where it was cancelled.

    Parameters
    ----------
    future : Future
    """
    try:
        return None if future.exception() is not None else future.result()
    except CancelledError:
        return None


def counted(counts: Counts, reply: Reply | None) -> Counts:
    """The counts with one more ask, which has ended.

    Parameters
    ----------
    counts : Counts
    reply : Reply or None
        None counts as failed.
    """
    if reply is None:
        return replace(counts, failed=counts.failed + 1)
    usage = reply.usage
    return Counts(  # not by `replace`, which takes three times as long
        answered=counts.answered + 1,
        failed=counts.failed,
        prompt_tokens=counts.prompt_tokens + (usage.prompt_tokens or 0),
        completion_tokens=counts.completion_tokens + (usage.completion_tokens or 0),
        steps=counts.steps,
        prompt_seconds=counts.prompt_seconds,
        decode_seconds=counts.decode_seconds,
    )


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Compatibility:
    """A checkpoint before it is downloaded, by its small files and the list of the others; None is what is not said.

    Attributes
    ----------
    name : str
        As it was given.
    family : str or None
        ``model_type`` of its config.json.
    layout : str or None
        ``"v4"`` as releases on the Hub have it, ``"v5"`` as transformers 5 saves it.
    verdict : str
        Its answers beside those of transformers: ``"same"``, ``"nearly"``, ``"differs"``, ``"wrong"``,
        ``"never compared"``; or ``"fails"`` where it cannot be loaded.
    why : str
        Of the verdict; empty where there is nothing to know.
    obstacle : str or None
        What keeps it from being loaded here as it is: the failure, its own code, too little memory.
    settings : tuple of str
        What mlx_vlm takes otherwise than transformers, each with what becomes of it here.
    quantization : str or None
        Method and bits, as ``"mlx affine, 4-bit"``; None where weights are plain.
    images_per_ask : int or None
    serving : str or None
        ``"batched"`` or ``"one by one"``.
    longest_side_px : int or None
        Of a picture of which the model sees every pixel; where the area is limited, of a photograph of 3:2.
    most_pixels : int or None
        Of such a picture.
    context_length : int or None
        Tokens of prompt and answer together.
    parameters : int or None
        Weights, unpacked; from the sizes of files where nobody counts them, and then about.
    stored_bytes : int or None
        Of the weights as they are stored.
    float32_bytes : int or None
        In memory at single precision, as on a CPU.
    free_bytes : int or None
        Memory that is free here now.
    needs_code : bool
        Whether it works only with code of its own, which ``allow_code`` permits.
    is_here : bool
        Whether its weights are on this machine.
    """

    name: str
    family: str | None = None
    layout: str | None = None
    verdict: str = "never compared"
    why: str = ""
    obstacle: str | None = None
    settings: tuple[str, ...] = ()
    quantization: str | None = None
    images_per_ask: int | None = None
    serving: str | None = None
    longest_side_px: int | None = None
    most_pixels: int | None = None
    context_length: int | None = None
    parameters: int | None = None
    stored_bytes: int | None = None
    float32_bytes: int | None = None
    free_bytes: int | None = None
    needs_code: bool = False
    is_here: bool = False

    @property
    def facts(self) -> dict[str, str]:
        """What is known, in words for people."""
        return {title: text for title, text in self._facts() if text}

    def _facts(self) -> Iterator[tuple[str, str]]:
        verdict = _SHOUTED.get(self.verdict, self.verdict)
        yield "answers", f"{verdict}: {self.why}" if self.why and self.verdict != "fails" else verdict
        yield "obstacle", self.obstacle or ""
        yield "family", f"{self.family or 'unknown'}{f', layout {self.layout}' if self.layout else ''}"
        yield "settings", "; ".join(self.settings)
        yield "weights", ", ".join(filter(None, [self.quantization, _count(self.parameters, "parameters")]))
        yield "memory", _memory(self)
        yield (
            "pictures",
            ", ".join(
                filter(None, [_count(self.images_per_ask, "per question"), self.serving, _side(self.longest_side_px)])
            ),
        )
        yield "context", _count(self.context_length, "tokens")
        yield "code", "writes its own code: needs allow_code" if self.needs_code else ""
        yield "here", "downloaded" if self.is_here else "not downloaded"

    def __repr__(self) -> str:
        facts = self.facts
        width = max(map(len, facts))
        return "\n".join([self.name, *(f"  {title:<{width}}  {text}" for title, text in facts.items())])

    def _repr_html_(self) -> str:
        facts = ((escape(title), escape(text)) for title, text in self.facts.items())
        rows = "".join(f"<tr><th>{title}</th><td>{text}</td></tr>" for title, text in facts)
        return f"<table><caption>{escape(self.name)}</caption>{rows}</table>"


def _count(number: int | None, what: str) -> str:
    return "" if number is None else f"{number:,} {what}"


def _side(side_px: int | None) -> str:
    return "" if side_px is None else f"longest side {side_px:,} px"


def _memory(found: Compatibility) -> str:
    needs = [
        f"{size / _GIB:.1f} GiB {how}"
        for size, how in ((found.float32_bytes, "at single precision"), (found.stored_bytes, "as stored"))
        if size is not None
    ]
    free = [] if found.free_bytes is None else [f"{found.free_bytes / _GIB:.1f} GiB free"]
    return ", ".join(needs + free) if needs else ""
