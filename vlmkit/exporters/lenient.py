"""What came of reading one data set: rows, errors in rows, and all that was left out, told in one warning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from vlmkit.errors import SetupError
from vlmkit.exporters.decoding import fault_of
from vlmkit.exporters.values import table_of_records
from vlmkit.notices import warn
from vlmkit.untrusted import on_one_line, shortened

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Fault", "Reading", "unreadable"]

_T = TypeVar("_T")
_SHOWN = 3
_LONGEST = 160
_NO_TEXT = "NA because of what the column …_error says"
_MISSING = "not where the data set says; pass root=…, the folder that holds them"


@dataclass(frozen=True, slots=True)
class Fault:
    """What stands for a cell that cannot be read.

    Attributes
    ----------
    reason : str
    """

    reason: str


class Reading:
    """The account of one data set being read.

    Parameters
    ----------
    place : path
        What messages call it.
    strict : bool, default False
        Whether the first record that cannot be used ends it: a file that is to be completed must be whole.

    Attributes
    ----------
    is_strict : bool
    part : str
        File that is being read, of several; stands before the place of a record.
    """

    def __init__(self, place: str | Path, *, strict: bool = False) -> None:
        self._place = Path(place)
        self.is_strict = strict
        self.part = ""
        self._left_out: list[tuple[str, str]] = []
        self._notes: dict[tuple[str, str], list[str]] = {}

    def attempt(self, where: str, make: Callable[..., _T], *given: Any) -> _T | None:
        """What a function makes of a record; None where it is none of the format, which is accounted for.

        Parameters
        ----------
        where : str
            Place in the data set, as a message shall name it.
        make : callable
        *given
            Its arguments.
        """
        try:
            return make(*given)
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
            self.leave_out(where, error)
        except SetupError as error:
            self.leave_out(where, error)
        return None

    def leave_out(self, where: str, reason: str | Exception) -> None:
        """Account for a record that cannot become a row.

        Parameters
        ----------
        where : str
        reason : str or Exception

        Raises
        ------
        SetupError
            When strict.
        """
        where = f"{self.part}{where}"
        said = f"no {reason}" if isinstance(reason, KeyError) else str(reason)
        if self.is_strict:
            fault = unreadable(self._place, ValueError(f"{where}: {said}"))
            raise fault from (reason if isinstance(reason, Exception) else None)
        self._left_out.append((where, said))

    def note(self, things: str, what: str, where: str) -> None:
        """Account for something that is said, and whose row stays.

        Parameters
        ----------
        things : str
            What is counted, such as "texts".
        what : str
            What is to be said of them all.
        where : str
        """
        self._notes.setdefault((things, what), []).append(where)

    def missing(self, name: str) -> None:
        """Account for a picture that is not there; its row stays.

        Parameters
        ----------
        name : str
        """
        self.note("pictures", _MISSING, name)

    def table(self, records: Iterable[dict[str, Any]], names: Sequence[str] = ()) -> pd.DataFrame:
        """Table of what was read; a cell that is not a text is NA, the reason beside it. Warns of all that is amiss.

        Parameters
        ----------
        records : iterable of dict
            A value may be a `Fault`.
        names : sequence of str, default ()
            Columns that are there in any case, first.

        Raises
        ------
        SetupError
            There is not one record that can be used.
        """
        read = list(records)
        rows = [self._checked(record) for record in read]
        self.finish(len(rows))
        there = set(chain(names, *rows))
        ordered = (each for name in chain(names, *read) for each in (name, f"{name}_error") if each in there)
        return table_of_records(rows, list(dict.fromkeys(ordered)))

    def _checked(self, record: dict[str, Any]) -> dict[str, Any]:
        row = {}
        for name, value in record.items():
            fault = value.reason if isinstance(value, Fault) else None if name == "path" else fault_of(value)
            if fault is None:
                row[name] = value
            else:
                row[f"{name}_error"] = fault
                self.note("cells", _NO_TEXT, f"{record.get('path') or name} ({name}: {fault})")
        return row

    def finish(self, read: int) -> None:
        """Tell all that is amiss.

        Parameters
        ----------
        read : int
            Records that became rows.

        Raises
        ------
        SetupError
            There are only others.
        """
        if self._left_out and not read:
            shown = _listed([f"{where}: {reason}" for where, reason in self._left_out])
            raise unreadable(self._place, ValueError(shown))
        said = []
        if self._left_out:
            count = len(self._left_out)
            shown = _listed([f"{where} ({reason})" for where, reason in self._left_out])
            said.append(f"{count} of {read + count} records are left out: {shown}")
        said += [
            f"{len(places)} {things if len(places) > 1 else things.removesuffix('s')}, {what}: {_listed(places)}"
            for (things, what), places in self._notes.items()
        ]
        if said:
            warn(f"{self._place}: {'; '.join(said)}.")


def _listed(texts: Sequence[str]) -> str:
    """The first few of many texts, of anybody's making, on one line."""
    shown = ", ".join(_short(text) for text in texts[:_SHOWN])
    return f"{shown} and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else shown


def _short(text: str) -> str:
    clean = "".join(letter if letter.isprintable() else "\ufffd" for letter in on_one_line(text)).rstrip(".")
    return shortened(clean, _LONGEST)


def unreadable(path: Path, error: Exception) -> SetupError:
    """What to raise where a file is none of its format.

    Parameters
    ----------
    path : Path
    error : Exception
    """
    found = f"no {error}" if isinstance(error, KeyError) else str(error)
    return SetupError(f"{path}: cannot be read as what it should be ({found}). Check the file, or name its format.")
