"""What makes an opened model, or a list of models, what it is: whoever finds it the same may share what was opened.

Keys are in it as digests only.
"""

from __future__ import annotations

import os
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from vlmkit import settings
from vlmkit.backends.engine_table import engine_of
from vlmkit.extras import open_by_name
from vlmkit.plugins import blaming

if TYPE_CHECKING:
    from vlmkit.backends.registry import ModelName

__all__ = ["frozen", "of_list", "of_model", "stamp"]


def of_model(name: ModelName) -> Hashable:
    """What a model depends on beside its name: where its server is, with which key, which options are in force.

    Parameters
    ----------
    name : ModelName

    Raises
    ------
    SetupError
        It must not be used as things stand: pictures may not leave the machine, or the key is missing.
    """
    return _asked(engine_of(name.engine).identifier, name.engine, name)


def of_list(engine: str, url: str | None) -> Hashable:
    """What a list of an engine's models depends on: where it is asked and with which key; whose downloads they are.

    Parameters
    ----------
    engine : str
    url : str or None

    Raises
    ------
    SetupError
        The engine must not be asked as things stand.
    """
    return _asked(engine_of(engine).list_identifier, engine, engine, url)


def _asked(identifier: str | None, engine: str, *given: Any) -> Hashable:
    if identifier is None:  # it may look at anything that is said of hosts and of pictures that leave the machine
        return frozen(settings.host(engine)), settings.get("allow_remote")
    with blaming(f"what a model of {engine} depends on cannot be told", identifier):
        found: Hashable = open_by_name(identifier)(*given)
        hash(found)
    return found


def frozen(content: object) -> Hashable:
    """Nested dictionaries and lists as something that can be compared and looked up."""
    if isinstance(content, dict):
        return tuple(sorted((str(key), frozen(value)) for key, value in content.items()))
    if isinstance(content, list | tuple | set):
        return tuple(frozen(each) for each in content)
    return repr(content)


def stamp(path: str | os.PathLike[str]) -> Hashable:
    """What tells a file from the same file changed: its size and the moment of the change; None where none is."""
    try:
        facts = os.stat(path)  # noqa: PTH116  takes what a directory's entries are, too
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns
