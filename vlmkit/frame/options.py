"""The options all verbs share, checked before anything is opened."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from vlmkit.backends.protocol import Backend
from vlmkit.errors import BadSetting
from vlmkit.records import Sampling
from vlmkit.runner import Listener

__all__ = ["AskOptions", "Options", "RowOptions", "TableOptions", "parse_options"]


class AskOptions(TypedDict, total=False):
    """Keyword arguments of every verb that asks a model.

    Attributes
    ----------
    model : str or open backend
        ``"tiny"``, ``"mlx:org/name"``, …, or what ``vk.load`` gave. Default: the setting.
    timeout_s : float
        Seconds for one answer. Default: the setting, which is none.
    temperature : float, default 0.0
        0 is greedy: the same table every time.
    top_p : float, default 1.0
    top_k : int, default 0
    repetition_penalty : float, default 1.0
    max_tokens : int, default 256
    stop : str or list of str, default none
        The answer ends before the first of these.
    seed : int, default 0
    """

    model: str | Backend | None
    timeout_s: float | None
    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float
    max_tokens: int
    stop: str | list[str] | tuple[str, ...]
    seed: int


class RowOptions(AskOptions, total=False):
    """Keyword arguments of the verbs that go through many pictures; those of `AskOptions`, too.

    Attributes
    ----------
    image : str
        Column of a DataFrame that has the pictures. Default: ``path``, else ``image``.
    recursive : bool, default False
        Whether a folder's subfolders are read too.
    on_error : {"skip", "fail"}, default "skip"
        Whether a row that fails gets its error, or ends the run.
    progress : "auto", bool or callable, default "auto"
        A text bar where stderr is a terminal; always; never; or a function that gets every event of the run.
    workers : int or "auto"
        Asks in flight; 1 is strictly one after another. Default: the setting.
    """

    image: str | None
    recursive: bool
    on_error: Literal["skip", "fail"]
    progress: Literal["auto"] | bool | Listener
    workers: int | Literal["auto"] | None


class TableOptions(RowOptions, total=False):
    """Keyword arguments of the verbs that give a table; those of `RowOptions` and `AskOptions`, too.

    Attributes
    ----------
    overwrite : bool, default False
        Whether columns of the same names are replaced.
    details : bool, default False
        Adds columns for model, revision, seconds, tokens and finish reason.
    """

    overwrite: bool
    details: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """Checked options: fields as in `TableOptions`, how tokens are chosen in `sampling`."""

    sampling: Sampling
    model: str | Backend | None = None
    image: str | None = None
    recursive: bool = False
    overwrite: bool = False
    details: bool = False
    on_error: str = "skip"
    progress: Any = "auto"
    workers: int | str | None = None
    timeout_s: float | None = None


def parse_options(given: AskOptions, kind: Any) -> Options:
    """Check what a verb was given.

    Parameters
    ----------
    given : AskOptions
    kind : TypedDict
        What it may be given: `AskOptions`, `RowOptions` or `TableOptions`.

    Raises
    ------
    BadSetting
        An option that does not exist, or a value it does not take.
    """
    values: dict[str, Any] = dict(given)
    for name in values:
        if name not in kind.__optional_keys__:
            raise BadSetting(_unknown(name, sorted(kind.__optional_keys__)))
    sampling = {name: _checked(name, values.pop(name)) for name in _SAMPLING if name in values}
    for name in ("recursive", "overwrite", "details"):
        if not isinstance(values.get(name, False), bool):
            raise BadSetting(f"{name}={values[name]!r}: give True or False.")
    model = values.get("model")
    if model is not None and not isinstance(model, str | Backend):
        raise BadSetting(f"model={model!r}: give a model's name, or what vk.load gave.")
    return Options(sampling=Sampling(**sampling), **values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_stop(value: object) -> bool:
    texts = [value] if isinstance(value, str) else value
    return isinstance(texts, list | tuple) and all(isinstance(text, str) and text for text in texts)


_SAMPLING: dict[str, tuple[Callable[[Any], bool], str]] = {
    "temperature": (lambda value: _is_number(value) and value >= 0, "a number from 0 (greedy) up"),
    "top_p": (lambda value: _is_number(value) and 0 < value <= 1, "a number above 0, up to 1"),
    "top_k": (lambda value: _is_whole(value) and value >= 0, "a whole number; 0 keeps all tokens"),
    "repetition_penalty": (lambda value: _is_number(value) and value > 0, "a number above 0; 1 changes nothing"),
    "max_tokens": (lambda value: _is_whole(value) and value >= 1, "a whole number from 1 up"),
    "stop": (_is_stop, "a text or a list of texts, none of them empty"),
    "seed": (_is_whole, "a whole number"),
}


def _checked(name: str, value: Any) -> Any:
    is_good, accepts = _SAMPLING[name]
    if not is_good(value):
        raise BadSetting(f"{name}={value!r}: give {accepts}.")
    if name == "stop":
        return (value,) if isinstance(value, str) else tuple(value)
    return value


def _unknown(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"options are: {', '.join(known)}."
    return f"{name!r} is no option here; {hint}"
