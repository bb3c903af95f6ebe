"""Where the pictures of a data set are: below its folders, under either Unicode form, and never outside them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from vlmkit.errors import SetupError
from vlmkit.exporters.lenient import Reading
from vlmkit.exporters.names import leads_out, resolve_name
from vlmkit.sources import PICTURE_SUFFIXES, is_url

__all__ = ["Locator", "Names", "folder_of"]

_BESIDE = ("images", "image", "imgs", "pictures", "data")
_ABOUT = frozenset({"annotations", "annotation", "labels", "metadata", "json"})


class Names:
    """Files by name in either Unicode form; each folder is listed once, when a name is not there as it stands."""

    def __init__(self) -> None:
        self._listed: dict[Path, dict[str, str]] = {}
        self._stems: dict[Path, dict[str, list[str]]] = {}

    def find(self, path: Path) -> Path | None:
        """The file or folder of this name, or of the same name in another Unicode form; None where there is none.

        Parameters
        ----------
        path : Path
        """
        if os.path.lexists(path):
            return path
        if str(path).isascii() or path.parent == path:
            return None
        folder = self.find(path.parent)
        name = None if folder is None else self._in(folder).get(unicodedata.normalize("NFC", path.name))
        return None if folder is None or name is None else folder / name

    def with_stem(self, path: Path) -> list[Path]:
        """Files that are called so, but for their ending.

        Parameters
        ----------
        path : Path
        """
        folder = self.find(path.parent)
        if folder is None:
            return []
        if folder not in self._stems:
            stems = self._stems[folder] = {}
            for form, name in self._in(folder).items():
                stems.setdefault(form.rpartition(".")[0], []).append(name)
        return [folder / name for name in self._stems[folder].get(unicodedata.normalize("NFC", path.name), [])]

    def _in(self, folder: Path) -> dict[str, str]:
        if folder not in self._listed:
            names = [each.name for each in folder.iterdir()] if folder.is_dir() else []
            self._listed[folder] = {unicodedata.normalize("NFC", name): name for name in names}
        return self._listed[folder]


def folder_of(path: str | Path, root: str | Path | None) -> Path:
    """Folder that names in a file are relative to: the one given, else the file's own.

    Parameters
    ----------
    path : path
    root : path or None
    """
    return Path(os.path.abspath(Path(path).parent if root is None else root))  # noqa: PTH100  links stay as written


class Locator:
    """Finds the pictures that a file names.

    Parameters
    ----------
    path : Path
        The file.
    root : path or None
        Folder of the pictures. None is the file's own; where nothing is there, folders beside it that are usual.
    reading : Reading
        Where it is told that a picture is not there.
    """

    def __init__(self, path: str | Path, root: str | Path | None, reading: Reading) -> None:
        self._file = Path(os.path.abspath(path))  # noqa: PTH100  links stay as they were written
        self._root = folder_of(path, root)
        self._reading = reading
        self._names = Names()
        is_about = root is None and self._root.name.lower() in _ABOUT
        self._inside = self._root.parent if is_about else self._root
        usual = [self._root] if root is not None else dict.fromkeys(self._usual())
        self._folders = [folder for folder in usual if folder.is_dir()]

    def _usual(self) -> Iterable[Path]:
        """The file's folder; below and beside it, those that COCO has, such as ``../images`` and ``../train2017``."""
        yield self._root
        splits = [split for split in ("train", "val", "validation", "test") if split in self._file.stem.lower()]
        named = [f"{split}{self._file.stem[-4:]}" for split in splits if self._file.stem[-4:].isdigit()]
        for folder in (self._root, self._root.parent) if self._inside != self._root else (self._root,):
            for name in (*_BESIDE, *named, *splits):
                yield folder / name
                yield from (folder / name / split for split in (*named, *splits) if name in _BESIDE)
        if self._inside != self._root:
            yield self._inside

    def find(self, name: str) -> str:
        """Path of a picture; one that is not there is told, and is where it would be.

        Parameters
        ----------
        name : str
            As it stands in the file.

        Raises
        ------
        SetupError
            It leads out of the data set's folder.
        """
        if is_url(name):
            return name
        if leads_out(name):
            return self._within(name)
        found = self._first(name)
        if found is None:
            self._reading.missing(name)
        return found or resolve_name(self._root, name, str(self._file))

    def _within(self, name: str) -> str:
        """Path of a name that is whole, or leads upwards, and still ends inside the data set's folder."""
        target = Path(os.path.abspath(self._root / name.replace("\\", "/")))  # noqa: PTH100  links stay as written
        is_foreign = "\0" in name or (os.name != "nt" and name[1:2] == ":")
        if is_foreign or not target.is_relative_to(self._inside):
            raise SetupError(
                f"leads out of {self._root}: {name!r}; pass root=…, a folder that holds it, if you trust it"
            )
        found = self._names.find(target)
        if found is None:
            self._reading.missing(name)
        return str(found or target)

    def with_stem(self, name: str) -> str | None:
        """Path of the first picture that is called so, but for its ending; None where there is none.

        Parameters
        ----------
        name : str
            Below the data set's folders, or whole.
        """
        folders = [Path("/")] if Path(name).is_absolute() else [] if leads_out(name) else self._folders
        found = (path for folder in folders for path in self._names.with_stem(folder / name))
        return next((str(path) for path in sorted(found) if path.suffix.lower() in PICTURE_SUFFIXES), None)

    def _first(self, name: str) -> str | None:
        """The first of the folders that has it, as it is written or with slashes."""
        forms = (name, name.replace("\\", "/")) if "\\" in name else (name,)
        for folder in self._folders:
            for form in forms:
                if (found := self._names.find(folder / form)) is not None:
                    return str(found)
        return None

    def present(self, name: str) -> str | None:
        """Path of a picture below the data set's folders; None where it is not there.

        Parameters
        ----------
        name : str
            As it stands in the file.
        """
        return None if leads_out(name) else self._first(name)

    def find_ending(self, name: str) -> str | None:
        """Path of a picture of which only the end of its path is known to be the same here; None where there is none.

        Parameters
        ----------
        name : str
            A path or key of some other machine, with slashes.
        """
        parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
        for start in range(len(parts)):
            rest = "/".join(parts[start:])
            if not leads_out(rest) and (found := self._first(rest)) is not None:
                return found
        return None
