"""What is written down about a run and its rows, so that each answer can be traced to what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vlmkit.records import Reply

__all__ = ["PictureRecord", "RowRecord", "RunRecord"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """Everything that is the same for all rows of a run.

    Attributes
    ----------
    model : str
        Full name, as ``engine:name``.
    revision : str or None, default None
        Of the weights, where known.
    named : str or None, default None
        What the user called the model, where that is another text; `Store.known` finds the run by either.
    destination : str, default ""
        Where pictures were sent.
    prompt : str, default ""
        Template of the prompts, columns still in braces.
    system : str or None, default None
    task : str, default ""
        What was to be filled: the columns and their types, in words.
    sampling : mapping of str to object, default empty
        How tokens were chosen; plain values.
    longest_side_px : int or None, default None
        Pixel budget of the pictures.
    lossless : bool, default False
        Whether they were not compressed again.
    total : int
        Rows of the run.
    workers : int or str, default 1
    """

    model: str
    total: int
    revision: str | None = None
    named: str | None = None
    destination: str = ""
    prompt: str = ""
    system: str | None = None
    task: str = ""
    sampling: Mapping[str, object] = field(default_factory=dict)
    longest_side_px: int | None = None
    lossless: bool = False
    workers: int | str = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureRecord:
    """One picture as it was sent.

    Attributes
    ----------
    digest : str
        Of the normalized bytes, hexadecimal.
    identities : tuple of str, default ()
        Names under which `Store.picture_digest` shall find the digest again.
    media_type : str or None, default None
        None, like the sizes, where the picture was not decoded because the store had the answer.
    width, height : int or None, default None
    """

    digest: str
    identities: tuple[str, ...] = ()
    media_type: str | None = None
    width: int | None = None
    height: int | None = None

    @property
    def brings_news(self) -> bool:
        """Whether there is more to it than its digest."""
        return bool(self.identities) or self.width is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class RowRecord:
    """What became of one row.

    Attributes
    ----------
    index : int
        Position in the run, from 0.
    label : str
        What messages call the picture.
    prompt : str
        The finished user text.
    key : str or None, default None
        Of what was asked; None where nothing could be asked.
    pictures : tuple of PictureRecord, default ()
        In the order they were sent.
    reply : Reply or None, default None
        The answer, also where it could not be read; answers later rows of the same key.
    error : str or None, default None
        ``Type: message``; None where the row worked.
    seconds : float, default 0.0
    from_store : bool, default False
        Whether the reply is one that was stored before the run.
    is_duplicate : bool, default False
        Whether the reply is that of an equal row of the run.
    """

    index: int
    label: str
    prompt: str
    key: str | None = None
    pictures: tuple[PictureRecord, ...] = ()
    reply: Reply | None = None
    error: str | None = None
    seconds: float = 0.0
    from_store: bool = False
    is_duplicate: bool = False
