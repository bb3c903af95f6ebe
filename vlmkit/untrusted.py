r"""Text of strangers, made harmless for where it goes: what a model, a file name, a server or a file says.

Takes   a text of anybody's making.    Gives   one in which nothing is obeyed and nothing is hidden.
    for_terminal   \x1b        shown as an escape
    for_json       \u001b      the same value to whoever reads it
    for_xml        &#x202e;    the same value to whoever reads it
    for_file                   left out, where a file holds nothing but text
    for_markdown   \*          shown as text: no link, formula, picture or HTML
HTML is made in `vlmkit.views.markup` alone, and a path keeps naming its file by `vlmkit.sources.urls.path_in_text`.

Hidden is what shows nothing and says something all the same: controls that a terminal obeys, marks that change the
order of what is read, halves of characters, and the invisible characters in which whole sentences can be written. What
people write with is none: joiners inside words of scripts that join and inside emoji, a variation selector behind what
it varies, the flags of England, Scotland and Wales.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

__all__ = [
    "for_file",
    "for_json",
    "for_markdown",
    "for_terminal",
    "for_xml",
    "mend_surrogates",
    "on_one_line",
    "quoted",
    "shortened",
    "without_hidden",
]

_CONTROLS = "\x00-\x1f\x7f-\x9f"
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SEPARATORS = "\u2028\u2029"
_HALVES = "\ud800-\udfff"
# Unicode's default ignorable characters, without those that some writing needs; and annotations between lines.
_IGNORABLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
_JOINERS = "\u200b\u200c\u200d"
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_FLAGS = (
    "(?:{})".format(
        "|".join(
            "\U0001f3f4" + "".join(chr(0xE0000 + ord(tag)) for tag in region) for region in ("gbeng", "gbsct", "gbwls")
        )
    )
    + "\U000e007f"
)

# Scripts whose letters change their form beside a joiner: Arabic to Indic, Tibetan, Myanmar, Khmer, Mongolian, and
# what has come since.
_JOINING = (
    "[\u0600-\u0dff\u0f00-\u109f\u1780-\u180a\u1810-\u18af\u1900-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00010a00-\U00011fff\U0001e900-\U0001e95f]"
)
# Scripts that are written without spaces, where U+200B says where a line may end.
_WITHOUT_SPACES = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u1aaf\uaa60-\uaadf]"
_PICTOGRAPH = "[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]"
_VARIED = (
    "[#*0-9\u00a9\u00ae\u1000-\u109f\u2030-\u205e\u2070-\u2bff\u2e80-\ufdff\ufe30-\ufefc\uff01-\uff9f"
    "\U00010000-\U0003ffff]"
)
_IDEOGRAPH = "[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_MONGOLIAN = "[\u1820-\u18aa]"
_SELECTED = {"[\u180b-\u180f]": _MONGOLIAN, "[\ufe00-\ufe0f]": _VARIED, "[\U000e0100-\U000e01ef]": _IDEOGRAPH}
_LINE_ENDS = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")


def without_hidden(text: str, write: Callable[[str], str], *, keep: str = "") -> str:
    r"""A text with something else in place of each hidden character.

    Parameters
    ----------
    text : str
    write : callable
        What stands for one character.
    keep : str, default ""
        Controls that stay, such as ``"\n"``.
    """
    if text.isascii() and text.isprintable():
        return text
    return _hidden().sub(
        lambda match: match[0] if match[0] in keep or _is_needed(text, match) else write(match[0]), text
    )


@cache
def _hidden() -> re.Pattern[str]:
    """Compiled for the first text that needs it: most have none but plain letters."""
    classes = _CONTROLS + _DIRECTION + _SEPARATORS + _HALVES + _IGNORABLE + _JOINERS + _SELECTORS
    return re.compile(f"{_FLAGS}|[{classes}]")


@cache
def _always_hidden() -> re.Pattern[str]:
    return re.compile(f"[{_CONTROLS}{_DIRECTION}{_SEPARATORS}{_HALVES}{_IGNORABLE}]")


def _is_always_hidden(character: str) -> bool:
    return bool(character) and character not in "\t\n" and _always_hidden().match(character) is not None


def _is_needed(text: str, match: re.Match[str]) -> bool:
    """Whether a character that may be hidden is part of how its neighbors are written."""
    found = match[0]
    if len(found) > 1:  # a flag
        return True
    before, after = text[max(0, match.start() - 1) : match.start()], text[match.end() : match.end() + 1]
    if _is_always_hidden(before) or _is_always_hidden(after):
        return False
    if found == "\u200b":
        return _all(_WITHOUT_SPACES, before, after)
    if found in _JOINERS:
        if before == "\ufe0f" and _all(_VARIED, text[max(0, match.start() - 2) : match.start() - 1]):
            before = "☂"  # as it is without what varies it
        return _joins(found, before, after)
    return any(re.match(selectors, found) and _all(base, before) for selectors, base in _SELECTED.items())


def _joins(joiner: str, before: str, after: str) -> bool:
    if (before in _JOINERS and before) or (after in _JOINERS and after):  # several in a row write something else
        return False
    if re.match(_JOINING, before) or re.match(_JOINING, after):
        return True
    return joiner == "\u200d" and _all(_PICTOGRAPH, before, after)


def _all(wanted: str, *characters: str) -> bool:
    return all(re.match(wanted, character) for character in characters)


def for_terminal(text: str, *, keep: str = "") -> str:
    r"""A text to print: what a terminal would obey, or not show, is written as Python writes it.

    Parameters
    ----------
    text : str
    keep : str, default ""
        Controls that stay, such as ``"\n"``.

    Examples
    --------
    >>> print(for_terminal("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    return without_hidden(text, _escape, keep=keep)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def for_json(text: str) -> str:
    r"""JSON that is safe to show, and means what it did: hidden characters are escapes in its strings.

    Parameters
    ----------
    text : str
        JSON, whose line feeds are layout.
    """
    return without_hidden(text, _json_escape, keep="\n")


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def for_xml(text: str) -> str:
    """XML that is safe to show, and means what it did: hidden characters between its tags are references.

    Parameters
    ----------
    text : str
        XML, whose comments and instructions stay as they are.
    """
    parts = re.split(r"(<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>)", text, flags=re.DOTALL)
    parts[::2] = [without_hidden(part, lambda each: f"&#x{ord(each):x};", keep="\t\n\r") for part in parts[::2]]
    return "".join(parts)


def for_file(text: str) -> str:
    """A text for a file that holds nothing but text: line ends of every kind are line feeds, hidden characters go.

    Parameters
    ----------
    text : str
    """
    if text.isascii() and text.isprintable():
        return text
    return without_hidden(_LINE_ENDS.sub("\n", text), lambda _: "", keep="\t\n")


# Whatever Markdown, or HTML and formulas in it, would obey; and what begins a list, a heading, or a line below one.
_SYNTAX = re.compile(r"([\\`*_{}\[\]<>|~#!&$^])")
_START = re.compile(r"^[^\S\n]*(?:([+\-=:])|(\d+)([.)])(?=\s|$))", re.MULTILINE)
# What becomes a link without being marked as one: addresses of pages and of people.
_LINK = re.compile(r"(?i)\b[a-z][a-z0-9+.\-]*:(?=\S)|\bwww\.|(?<=\w)\.(?=[a-z]{2,24}(?:/|:\d))|(?<=\S)@(?=\w)")
_ENTITIES = {":": "&#58;", ".": "&#46;", "@": "&#64;"}


def for_markdown(text: str) -> str:
    r"""A text as Markdown that shows it: no markup, link, formula or HTML in it takes effect; line ends break lines.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> for_markdown("*see* http://x.y")
    '\\*see\\* http&#58;//x.y'
    """
    text = _SYNTAX.sub(r"\\\1", for_terminal(_LINE_ENDS.sub("\n", text), keep="\n\t"))
    text = _LINK.sub(_unlinked, text)
    text = _START.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text)
    # Four blanks would begin a block of code; two at an end are a line's break.
    return "  \n".join(line.strip() for line in text.strip().split("\n"))


def _unlinked(match: re.Match[str]) -> str:
    found = match[0]
    return found[:-1] + _ENTITIES[found[-1]]


def on_one_line(text: str) -> str:
    """A text with single blanks where it has line ends and other white space."""
    return " ".join(text.split())


def shortened(text: str, most: int) -> str:
    """A text in at most so many characters; where it was longer, the last of them is ``…``.

    Examples
    --------
    >>> shortened("a red circle", 6)
    'a red…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def quoted(text: str, most: int = 80) -> str:
    """A text as messages quote it: on one line, in marks, shortened."""
    return repr(shortened(on_one_line(text), most))


def mend_surrogates(text: str) -> str:
    """Replace halves of characters, which JSON can carry and no column can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
