"""The options all exports share, checked before anything is read or written."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypedDict, get_args

from vlmkit.arguments import check_choice, did_you_mean
from vlmkit.errors import BadSetting

__all__ = ["ExportOptions", "IfExists", "Options", "PictureForm", "parse_options"]

IfExists = Literal["fail", "skip", "overwrite", "append", "prepend"]
PictureForm = Literal["original", "upright"]


class ExportOptions(TypedDict, total=False):
    """Keyword arguments of every export.

    Attributes
    ----------
    image : str
        Column that has the pictures. Default: ``path``, else ``image``.
    root : path
        Folder that names in the files are relative to. Default: the export's own folder where it holds all pictures,
        else the innermost folder that does.
    if_exists : {"fail", "skip", "overwrite", "append", "prepend"}, default "fail"
        What happens to texts that are there already: nothing is written and an error says where they are; they stay,
        and only what is missing is written; they are replaced; the new text goes behind or before the old one. In a
        file of many pictures the last two add the pictures that are not in it yet, behind or before the others.
    dry_run : bool, default False
        Whether nothing is written, and the changes are only told.
    backup : bool, default True
        Whether what is replaced is kept, in the folder ``.vlmkit-backups`` beside it.
    card : bool, default True
        Whether a description of the data set, with its provenance, is written too.
    run : int
        Number of the run, in `vk.runs`, that the card shall describe. Default: one whose answers these are.
    store : bool or path
        Where that run is recorded, as for `vk.describe`.
    progress : "auto" or bool, default "auto"
        A text bar where stderr is a terminal; always; never.
    """

    image: str | None
    root: str | Path | None
    if_exists: IfExists
    dry_run: bool
    backup: bool
    card: bool
    run: int | None
    store: bool | str | Path | None
    progress: Literal["auto"] | bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """Checked options: fields as in `ExportOptions`."""

    image: str | None = None
    root: str | Path | None = None
    if_exists: IfExists = "fail"
    dry_run: bool = False
    backup: bool = True
    card: bool = True
    run: int | None = None
    store: bool | str | Path | None = None
    progress: Literal["auto"] | bool = "auto"


def parse_options(given: ExportOptions) -> Options:
    """Check options.

    Parameters
    ----------
    given : ExportOptions

    Raises
    ------
    BadSetting
        An unknown option, or a value that cannot be used.
    """
    known = [field.name for field in fields(Options)]
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known, otherwise=f"Options are: {', '.join(known)}.")
            raise BadSetting(f"{name!r} is an unknown option.{hint}")
    values: dict[str, Any] = dict(given)
    check_choice("if_exists", values.get("if_exists", "fail"), get_args(IfExists))
    check_choice("progress", values.get("progress", "auto"), ("auto", True, False))
    for name in ("dry_run", "backup", "card"):
        check_choice(name, values.get(name, False), (True, False))
    root = values.get("root")
    if root is not None and not Path(os.fspath(root)).is_dir():
        raise BadSetting(
            f"root={os.fspath(root)!r}: no such folder. Name one that the pictures are in, or leave it out."
        )
    return Options(**values)
