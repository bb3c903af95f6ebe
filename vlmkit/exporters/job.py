"""One export under way: its rows, where it goes, and the account of what it does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from vlmkit.errors import RunError, SetupError
from vlmkit.exporters.card import Card, write_card
from vlmkit.exporters.files import Backups, Changes
from vlmkit.exporters.names import common_root, is_file_name, name_below
from vlmkit.exporters.options import ExportOptions, Options, parse_options
from vlmkit.exporters.rows import REJECTED, Row, Rows, check_table, find_text_column
from vlmkit.exporters.values import clean_text
from vlmkit.notices import warn
from vlmkit.sources import Limits, is_url, shown_url

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Job", "start", "with_bar"]

_T = TypeVar("_T")
_BAR_EVERY_S = 0.1


def with_bar(items: Iterable[_T], *, total: int, title: str, progress: object) -> Iterator[_T]:
    """The same items, counted by a bar on stderr where one is wanted.

    Parameters
    ----------
    items : iterable
    total : int
    title : str
        Stands before the bar.
    progress : "auto" or bool
        "auto" is a bar where stderr is a terminal.
    """
    if progress is True or (progress == "auto" and sys.stderr is not None and sys.stderr.isatty()):
        from tqdm import tqdm

        bar = tqdm(
            items, total=total, desc=title, unit="row", file=sys.stderr, dynamic_ncols=True, mininterval=_BAR_EVERY_S
        )
        with bar:
            yield from bar
    else:
        yield from items


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What the steps of an export share.

    Attributes
    ----------
    frame : DataFrame
    title : str
        Name of the format, for the bar and the card.
    options : Options
    folder : Path
        Absolute; everything is written into it.
    root : Path
        Absolute; names of pictures are relative to it.
    text : str or None
        Column of texts.
    rows : Rows
    limits : Limits
    backups : Backups
    changes : Changes
    """

    frame: pd.DataFrame
    title: str
    options: Options
    folder: Path
    root: Path
    text: str | None
    rows: Rows
    limits: Limits
    backups: Backups
    changes: Changes = field(default_factory=Changes)

    def usable_rows(self) -> Iterator[Row]:
        """Rows that can be written; the others are accounted for. A bar shows how far it is."""
        bar = with_bar(self.rows, total=len(self.rows), title=self.title, progress=self.options.progress)
        for row in bar:
            if row.fault is None:
                yield row
            else:
                self.leave_out(row, row.fault)

    def leave_out(self, row: Row, reason: str | RunError) -> None:
        """Account for a row that is not written.

        Parameters
        ----------
        row : Row
        reason : str or RunError
        """
        text = f"{type(reason).__name__}: {reason}" if isinstance(reason, RunError) else reason
        self.changes.add(row.ref.label, "leave out", before=row.text, reason=text)

    def refer_to(self, row: Row) -> tuple[str | None, str]:
        """Name under which a file refers to a row's picture, relative or a URL; where it has none, None and the reason.

        Parameters
        ----------
        row : Row
        """
        if row.path is None:
            return None, "a picture in memory has no name; write a format that holds the pictures themselves."
        if is_url(row.path):
            return row.path, ""
        if not is_file_name(row.path):
            return (
                None,
                "a picture inside an archive has no file; unpack it, or write a format that holds the pictures.",
            )
        if clean_text(row.path) != row.path:
            return None, "its file name is in no known encoding; rename the file."
        name = name_below(self.root, row.path)
        return name, f"it is not below root, {self.root}." if name is None else ""

    def own_name(self, row: Row) -> str:
        """Name that a copy of a row's picture would have if it were safe: below the root, or the last part."""
        if row.path is None or row.path[:5].lower() == "data:":
            return f"{row.position + 1:06}"
        if is_url(row.path):
            return shown_url(row.path).rpartition("/")[2].partition("?")[0] or f"{row.position + 1:06}"
        return name_below(self.root, row.path) or Path(row.path).name

    def named_rows(self) -> Iterator[tuple[Row, str]]:
        """Rows that can be written, and the names of their pictures, each once."""
        seen = set()
        for row in self.usable_rows():
            name, reason = self.refer_to(row)
            if name is None:
                self.leave_out(row, reason)
            elif name in seen:
                self.leave_out(row, "an earlier row has the same picture.")
            else:
                seen.add(name)
                yield row, name

    def loading(self, name: str) -> str:
        """Python that reads a file of this job which names pictures.

        Parameters
        ----------
        name : str
        """
        root = "" if self.root == self.folder else f", root={self.root.name!r}"
        return f"import vlmkit as vk\n\ndf = vk.read_dataset({name!r}{root})"

    def finish(self, name: str, usage: Sequence[str] = ()) -> pd.DataFrame:
        """Write the card, warn of rows that are left out, and give the account.

        Parameters
        ----------
        name : str
            Of the data set: its file, or its folder.
        usage : sequence of str, default ()
            What loads it, and what else a user types, one block each.

        Raises
        ------
        SetupError
            No row was written, or the card cannot be.
        """
        self.changes.check_written(of=len(self.rows))
        if self.options.card:
            card = Card(frame=self.frame, title=self.title, text=self.text, name=name, usage=tuple(usage))
            write_card(self.folder, card, self.options, self.changes, self.backups)
        reasons = [reason for reason in self.changes.reasons if reason != REJECTED]  # a person wanted those out
        if reasons:
            warn(
                f"{self.title}: {len(reasons)} of {len(self.rows)} rows are left out; the first: "
                f'{reasons[0].rstrip(".")}. The table that this call returns has them all, action "leave out".'
            )
        return self.changes.table()


def start(
    frame: Any,
    folder: str | Path | None,
    given: ExportOptions,
    *,
    title: str,
    column: str | None = None,
    tags: str | None = None,
    cells: Sequence[str] = (),
    is_record: bool = False,
    keep_all: bool = False,
) -> Job:
    """Check what an export was given.

    Parameters
    ----------
    frame : DataFrame
    folder : path or None
        Where it writes; need not be there yet. None is beside the pictures, below `root` or their innermost folder.
    given : ExportOptions
    title : str
    column : str or None, default None
        Column of texts, as the caller named it.
    tags : str or None, default None
    cells : sequence of str, default ()
        Further columns.
    is_record : bool, default False
        Whether rows are written with or without a text.
    keep_all : bool, default False
        Whether rows that failed or were rejected are written, too.

    Raises
    ------
    SetupError
        Anything that is wrong with the call.
    """
    check_table(frame)
    options = parse_options(given)
    only_tags = tags is not None and column is None
    text = None if only_tags else find_text_column(frame, column, required=not is_record)
    rows = Rows(
        frame,
        image=options.image,
        text=text,
        tags=tags,
        cells=cells,
        needs_text=not is_record,
        keep_all=keep_all,
    )
    place = None if folder is None else Path(os.path.abspath(os.fspath(folder)))  # noqa: PTH100  links stay as written
    if place is not None and place.exists() and not place.is_dir():
        raise SetupError(f"{place}: there is a file where the folder should be. Name another.")
    root = common_root(rows.paths(), place) if options.root is None else Path(os.path.abspath(options.root))  # noqa: PTH100
    place = root if place is None else place
    return Job(
        frame=frame,
        title=title,
        options=options,
        folder=place,
        root=root,
        text=text,
        rows=rows,
        limits=Limits.in_force(),
        backups=Backups(place, enabled=options.backup),
    )
