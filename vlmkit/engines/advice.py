"""What a foreign error at the load of a model means, and what helps: another download only where files are missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vlmkit.engines.inspection import Checkpoint

__all__ = ["explain"]

_LONGEST_CHARACTERS = 400
_ELSEWHERE = "Use a newer vlmkit, another version of the model, or an engine that has it (vllm:…, ollama:…)"
# The first that fits; a new download would bring the same files in all of these.
_MEANINGS = (
    (
        r"Received \d+ parameters? not in model|Missing \d+ parameters?",
        "Its weights have other names than mlx_vlm's code for this family: it is another variant of the family",
    ),
    (
        r"Expected shape|shape .* (?:mismatch|incompatible)|cannot be (?:broadcast|reshaped)",
        "Its weights have other shapes than its config.json says, or than mlx_vlm's code for this family makes of it",
    ),
    (
        r"[Uu]nsupported|not supported|[Oo]nly .* supported|must be one of",
        "mlx_vlm's code for this family does not have what its config.json names",
    ),
    (
        r"missing \d+ required|must contain keys|object has no attribute|has no len|must be positive",
        "Its config.json does not name what mlx_vlm's code for this family asks for",
    ),
    (
        r"unexpected keyword argument|multiple values for",
        "Its processor is written for another version of transformers or mlx_vlm than the ones installed",
    ),
)


def explain(what: str, error: Exception, checkpoint: Checkpoint) -> str:
    """A message for people: what failed, what it means, what to do.

    Parameters
    ----------
    what : str
        What failed, as ``"mlx:… cannot be loaded"``.
    error : Exception
        Of mlx_vlm, transformers or mlx.
    checkpoint : Checkpoint
        What was being loaded.
    """
    text = f"{what}: {type(error).__name__}: {_short(str(error))}"
    if isinstance(error, MemoryError) or "allocate" in str(error):
        return f"{text}. The machine is out of memory: close other programs or name a smaller model."
    if "trust_remote_code" in str(error):
        return (
            f"{text}. Its processor is code shipped in the checkpoint, which is not run. Use a model whose files "
            "mlx_vlm reads itself, or, if you trust its author, open it with allow_code=<the model's name>."
        )
    if checkpoint.missing:
        return f"{text}. {checkpoint.directory} lacks {checkpoint.missing}: get the model again, whole."
    meaning = next((meaning for pattern, meaning in _MEANINGS if re.search(pattern, str(error))), None)
    if meaning is None:
        meaning = "Its files are whole, so another download would bring the same"
    return f"{text}. {meaning}. {_ELSEWHERE}."


def _short(text: str) -> str:
    """The beginning of a long text, which lists names for pages, in one line."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _LONGEST_CHARACTERS else f"{line[:_LONGEST_CHARACTERS].rpartition(' ')[0]} …"
