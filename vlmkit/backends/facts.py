"""What an open model tells about itself, wherever it runs: facts that stay, and counts of what it has done."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, replace

from vlmkit.records import Reply

__all__ = ["Counts", "ModelInfo", "counted"]


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


def counted(counts: Counts, future: Future[Reply]) -> Counts:
    """The counts with one more ask, which has ended.

    Parameters
    ----------
    counts : Counts
    future : Future
    """
    if future.cancelled() or future.exception() is not None:
        return replace(counts, failed=counts.failed + 1)
    usage = future.result().usage
    return Counts(  # not by `replace`, which takes three times as long
        answered=counts.answered + 1,
        failed=counts.failed,
        prompt_tokens=counts.prompt_tokens + (usage.prompt_tokens or 0),
        completion_tokens=counts.completion_tokens + (usage.completion_tokens or 0),
        steps=counts.steps,
        prompt_seconds=counts.prompt_seconds,
        decode_seconds=counts.decode_seconds,
    )
