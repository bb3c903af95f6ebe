"""Whether the words of an answer are chosen by the table that reads words, or by weights of their own.

transformers 5 says it for the whole model, mlx_vlm asks the language model, and each has a default where a file is
silent. The weights know: a head that is there is to be used.

Imported on the desk only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from vlmkit.engines.families.reading import Part

__all__ = ["HEAD", "mismatch"]

HEAD = "lm_head.weight"
_SETTING = "tie_word_embeddings"


def mismatch(parts: Mapping[str, Part], tensors: Collection[str]) -> Iterator[tuple[str, object, object]]:
    """Where mlx_vlm would choose words by other weights.

    Parameters
    ----------
    parts : mapping of str to Part
    tensors : collection of str
        Names of the weights; empty where they are not known.

    Yields
    ------
    Name of the setting, what is meant, what mlx_vlm takes.
    """
    text = parts.get("text_config")
    taken = None if text is None else getattr(text.mlx, _SETTING, None)
    if not isinstance(taken, bool):
        return
    said = [named for part in ("", "text_config") if isinstance(named := _written(parts, part), bool)]
    if any(name == HEAD or name.endswith(f"language_model.{HEAD}") for name in tensors):
        meant = False
    elif tensors:
        meant = taken or any(said)
    else:
        meant = next(iter(said), taken)
    if meant != taken:
        yield _SETTING, meant, taken


def _written(parts: Mapping[str, Part], part: str) -> object:
    return parts[part].written.get(_SETTING) if part in parts else None
