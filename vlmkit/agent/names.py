"""Names: what a model calls a tool, and which tools it may call.

The Model Context Protocol takes dots, blanks and 128 characters, chat APIs letters, digits, ``_`` and ``-``, 64 in all.
A name that was changed leads back to its tool by a table, and is never parsed.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from vlmkit.arguments import did_you_mean
from vlmkit.errors import BadSetting

if TYPE_CHECKING:
    from vlmkit.agent.tools import Tool

__all__ = ["allowed_names", "public_names"]

_MOST_CHARACTERS = 64  # of OpenAI's API
_KEPT_CHARACTERS = 55  # before an underscore and eight digits
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_-]")
_TAKEN = frozenset({"auto", "none", "required"})  # words of ``tool_choice``


def public_names(tools: Iterable[Tool]) -> dict[str, Tool]:
    """Tools by the names that models call them by, which are as short as they can be and stay when more are listed.

    Parameters
    ----------
    tools : iterable of Tool

    Returns
    -------
    dict of str to Tool
        The tool's own name where that is unique, else its server's before it, else both made short.

    Raises
    ------
    BadSetting
        Two functions, or two tools of one server, have the same name.

    Examples
    --------
    >>> from vlmkit.agent import Tool
    >>> look = Tool(name="look", call=print)
    >>> list(public_names([look, Tool(name="look", server="files", call=print), Tool(name="get sum", call=print)]))
    ['look', 'files__look', 'get_sum']
    """
    tools = list(tools)
    _check_unique(tools)
    bare = Counter(_plain(tool.name) for tool in tools)
    names = [_plain(tool.name) if bare[_plain(tool.name)] == 1 else _with_server(tool) for tool in tools]
    times = Counter(names)
    sound = [
        name if times[name] == 1 and len(name) <= _MOST_CHARACTERS and name not in _TAKEN else _short(name, tool)
        for name, tool in zip(names, tools, strict=True)
    ]
    return dict(zip(sound, tools, strict=True))


def _plain(name: str) -> str:
    return _NOT_ALLOWED.sub("_", name)


def _with_server(tool: Tool) -> str:
    return _plain(f"{tool.server}__{tool.name}" if tool.server else tool.name)


def _short(name: str, tool: Tool) -> str:
    digest = hashlib.blake2b(f"{tool.server or ''}/{tool.name}".encode(), digest_size=4).hexdigest()
    return f"{name[:_KEPT_CHARACTERS]}_{digest}"


def _check_unique(tools: list[Tool]) -> None:
    for (server, name), times in Counter((tool.server, tool.name) for tool in tools).items():
        if times > 1:
            of = f" of server {server!r}" if server else ""
            raise BadSetting(f"{name!r} is the name of {times} tools{of}. Rename them, or leave out all but one.")


def allowed_names(
    tools: Mapping[str, Tool], wanted: Iterable[str] | None, *, is_complete: bool = True
) -> frozenset[str] | None:
    """Public names of the tools that a person allows.

    Parameters
    ----------
    tools : mapping of str to Tool
        As `public_names` gives them.
    wanted : iterable of str or None
        Names as people write them: a tool's own, ``"server::name"``, or the public one; each means one tool.
    is_complete : bool, default True
        Whether all tools are there; else a name that is not known may be that of one that is missing.

    Returns
    -------
    frozenset of str or None
        None where nothing was said.

    Raises
    ------
    BadSetting
        A name that no tool has, or several have.
    """
    if wanted is None:
        return None
    if isinstance(wanted, str):
        raise BadSetting(f"allowed_tools={wanted!r}: give a list of names, as [{wanted!r}].")
    found = (_find(tools, name, is_complete=is_complete) for name in wanted)
    return frozenset(name for name in found if name is not None)


def _find(tools: Mapping[str, Tool], wanted: object, *, is_complete: bool) -> str | None:
    exact = [name for name, tool in tools.items() if wanted in {name, tool.display_name}]
    found = exact or [name for name, tool in tools.items() if wanted == tool.name]
    if len(found) == 1:
        return found[0]
    if found:
        those = " or ".join(repr(tools[name].display_name) for name in found)
        raise BadSetting(f"allowed_tools: {wanted!r} is the name of {len(found)} tools. Give {those}.")
    if not is_complete:
        return None
    known = [tool.display_name for tool in tools.values()]
    there_are = f"There are: {', '.join(known)}." if known else "There are no tools."
    hint = did_you_mean(wanted, known, otherwise=there_are)
    raise BadSetting(f"allowed_tools: there is no tool {wanted!r}.{hint}")
