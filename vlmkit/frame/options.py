"""The options all verbs share, checked before anything is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypedDict, runtime_checkable

import pandas as pd

from vlmkit.arguments import did_you_mean, is_number, is_whole
from vlmkit.backends import MOST_PENALTY, Backend
from vlmkit.errors import BadSetting
from vlmkit.records import Sampling
from vlmkit.runner import Listener, budget_of

__all__ = ["AskOptions", "CheckedOptions", "ModelPicker", "RowOptions", "TableOptions", "check_options"]


@runtime_checkable
class ModelPicker(Protocol):
    """What a model is chosen with, as `vk.pick_model` gives it; stands for the model that was chosen.

    Attributes
    ----------
    model : str or None
        None until one is chosen.
    choices : sequence
        What there is to choose from.
    """

    model: str | None
    choices: Sequence[Any]


class AskOptions(TypedDict, total=False):
    """Keyword arguments of every verb that asks a model.

    Attributes
    ----------
    model : str, open backend or picker
        ``"tiny"``, ``"mlx:org/name"``, …, or what ``vk.load`` or ``vk.pick_model`` gave. Default: the setting.
    timeout_s : float
        Seconds that a model may work on one answer; waiting for its turn does not count. Default: the setting, which is
        none.
    silence_s : float or "none"
        Seconds for which a server may say nothing at all before its asks are given up. Default: the setting, which is
        60 where there is no `timeout_s`.
    on_timeout : {"error", "fallback", "continue"}
        What stands in a column of free text where the answer came too late: nothing; a technical sentence about the
        file; what had been written until then. The error column says so each time. Default: the setting, "error".
    max_retries : int
        Further attempts where a server cannot be reached, or says that it is too busy; one where it is too late.
        Default: the setting, which is 3.
    budget : dict, default none
        What the call may cost at most: any of ``minutes``, ``tokens`` and ``money``. When it is used up nothing more is
        asked; the table stays, and so does what is stored. Rows that had no turn say so in their error.
    price : (float, float), default none
        Money for a million prompt tokens, and for a million completion tokens.
    fallback : model, or list of them, default none
        Asked in this order where the model before failed for good, or refused this picture, by a status or in words;
        not where an answer came that cannot be read as what was asked for. Each named or open, like `model`.
    store : bool, path, "replay" or "replay:FILE"
        Where answers are kept, so that the same is never asked twice: the default file; nowhere; this file. A replay
        answers from the file alone and fails where it cannot. Default: the setting, which is the default file.
    temperature : float, default 0.0
        0 is greedy: the same table every time.
    top_p : float, default 1.0
        Only the likeliest tokens that have this share of the probability together.
    top_k : int, default 0
        Only so many of the likeliest tokens; 0 is all of them.
    repetition_penalty : float, default 1.0
        Divides the odds of tokens that stand in the answer already; 1 changes nothing.
    frequency_penalty, presence_penalty : float, default 0.0
        From -2 to 2, as OpenAI has them: what a token of the answer loses for each time, or once, it stands there.
    max_tokens : int, default 256
        An answer is cut after so many tokens.
    stop : str or list of str, default none
        The answer ends before the first of these.
    seed : int, default 0
        Chooses among answers where the temperature is above 0, and draws the rows of `sample`.
    examples : DataFrame, default none
        A few rows with pictures and, in columns of the same names as those to be filled, the right answers: shown to
        the model before each question. For models that take several pictures.
    """

    model: str | Backend | ModelPicker | None
    timeout_s: float | None
    silence_s: float | Literal["none"] | None
    on_timeout: Literal["error", "fallback", "continue"] | None
    max_retries: int | None
    budget: Mapping[str, float] | None
    price: tuple[float, float] | None
    fallback: str | Backend | Sequence[str | Backend] | None
    store: bool | str | Path | None
    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float
    frequency_penalty: float
    presence_penalty: float
    max_tokens: int
    stop: str | list[str] | tuple[str, ...]
    seed: int
    examples: pd.DataFrame | None


class RowOptions(AskOptions, total=False):
    """Keyword arguments of the verbs that go through many pictures; those of `AskOptions`, too.

    Attributes
    ----------
    image : str or list of str
        Column of a DataFrame that has the pictures; several are shown to the model together, in this order. Default:
        ``path``, else ``image``.
    recursive : bool, default False
        Whether a folder's subfolders are read too.
    on_error : {"skip", "fail"}, default "skip"
        Whether a row that fails gets its error, or ends the run.
    limit : int
        Only the first so many rows, or pictures of a folder. The result has these rows only; the same line without it
        asks for the rest.
    sample : int
        Only so many rows, drawn at random by `seed`, in their order; otherwise as `limit`.
    progress : "auto", "log", bool or callable, default "auto"
        A text bar where stderr is a terminal; lines in the log every ten seconds; a bar in any case; nothing; or a
        function that gets every event of the run.
    workers : int or "auto"
        Asks in flight; 1 is strictly one after another. Default: the setting.
    overwrite : bool, "unreviewed", "missing", "errors" or "all", default False
        What happens to columns of the same names. False: an error. True or "unreviewed": all rows are asked anew,
        stored answers or not. "missing": only rows whose cells are empty are asked. "errors": only rows with an error.
        Rows that a person has reviewed (``<field>_status``) are left alone, with a warning where True was given; "all"
        replaces them, too.
    confidence : bool, default False
        Adds a column for each value, from 0 to 1: how likely the model found exactly this value; of free text, the mean
        of its tokens (geometric). NA where the model does not say.
    """

    image: str | Sequence[str] | None
    recursive: bool
    on_error: Literal["skip", "fail"]
    limit: int | None
    sample: int | None
    progress: Literal["auto", "log"] | bool | Listener
    workers: int | Literal["auto"] | None
    overwrite: bool | Literal["unreviewed", "missing", "errors", "all"]
    confidence: bool


class TableOptions(RowOptions, total=False):
    """Keyword arguments of the verbs that give a table; those of `RowOptions` and `AskOptions`, too.

    Attributes
    ----------
    details : bool, default False
        Adds columns for model, revision, digest of the prompt, seconds, tokens, finish reason, the server's id of the
        answer, whether it was stored or asked for an equal row, retries, and the answer as the model wrote it.
    background : bool, default False
        Whether the call returns at once, with a `Run` whose table fills by itself.
    """

    details: bool
    background: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedOptions:
    """Checked options: fields as in `TableOptions`, how tokens are chosen in `sampling`."""

    sampling: Sampling
    model: str | Backend | None = None
    image: str | Sequence[str] | None = None
    examples: pd.DataFrame | None = None
    recursive: bool = False
    overwrite: bool | str = False
    details: bool = False
    confidence: bool = False
    background: bool = False
    on_error: str = "skip"
    on_timeout: str | None = None
    limit: int | None = None
    sample: int | None = None
    progress: Any = "auto"
    workers: int | str | None = None
    timeout_s: float | None = None
    silence_s: float | str | None = None
    max_retries: int | None = None
    budget: Mapping[str, float] | None = None
    price: tuple[float, float] | None = None
    fallback: tuple[str | Backend, ...] = ()
    store: bool | str | Path | None = None


def check_options(given: AskOptions, kind: Any) -> CheckedOptions:
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
    if "model" in values:
        values["model"] = _chosen(values["model"])
    for name in values:
        if name not in kind.__optional_keys__:
            raise BadSetting(_unknown(name, sorted(kind.__optional_keys__)))
    sampling = {name: _checked(name, values.pop(name)) for name in _SAMPLING if name in values}
    for name, (is_good, accepts) in _CHECKS.items():
        if name in values and not is_good(values[name]):
            raise BadSetting(f"{name}={values[name]!r}: give {accepts}.")
    budget_of(values.get("budget"), values.get("price"))
    values["fallback"] = _listed(values.get("fallback"))
    return CheckedOptions(sampling=Sampling(**sampling), **values)


def _listed(fallback: Any) -> tuple[str | Backend, ...]:
    if fallback is None:
        return ()
    return (fallback,) if _is_model(fallback) else tuple(fallback)


def _is_model(value: object) -> bool:
    return isinstance(value, str | Backend)


def _are_models(value: Any) -> bool:
    return value is None or _is_model(value) or (isinstance(value, list | tuple) and all(map(_is_model, value)))


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_column(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return True
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(name, str) for name in value)


def _is_stop(value: object) -> bool:
    texts = [value] if isinstance(value, str) else value
    return isinstance(texts, list | tuple) and all(isinstance(text, str) and text for text in texts)


_IS_TRUE_OR_FALSE: tuple[Callable[[Any], bool], str] = (_is_flag, "True or False")
_COUNT: tuple[Callable[[Any], bool], str] = (
    lambda value: value is None or is_whole(value, 1),
    "a whole number of rows from 1 up",
)

_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "recursive": _IS_TRUE_OR_FALSE,
    "details": _IS_TRUE_OR_FALSE,
    "confidence": _IS_TRUE_OR_FALSE,
    "image": (_is_column, "the name of a column, or a list of names"),
    "examples": (
        lambda value: value is None or (isinstance(value, pd.DataFrame) and len(value) > 0),
        "a DataFrame with pictures and right answers, a row at least",
    ),
    "background": _IS_TRUE_OR_FALSE,
    "overwrite": (
        lambda value: _is_flag(value) or value in ("unreviewed", "missing", "errors", "all"),
        'True, False, "unreviewed", "missing", "errors" or "all"',
    ),
    "model": (lambda value: value is None or _is_model(value), "a model's name, or what vk.load gave"),
    "fallback": (_are_models, "a model's name, what vk.load gave, or a list of these"),
    "max_retries": (
        lambda value: value is None or is_whole(value, 0),
        "a whole number from 0 (ask once) up",
    ),
    "limit": _COUNT,
    "sample": _COUNT,
}

_PENALTY: tuple[Callable[[Any], bool], str] = (
    lambda value: is_number(value) and abs(value) <= MOST_PENALTY,
    "a number from -2 to 2; 0 changes nothing",
)
_SAMPLING: dict[str, tuple[Callable[[Any], bool], str]] = {
    "temperature": (lambda value: is_number(value) and value >= 0, "a number from 0 (greedy) up"),
    "top_p": (lambda value: is_number(value) and 0 < value <= 1, "a number above 0, up to 1"),
    "top_k": (lambda value: is_whole(value, 0), "a whole number; 0 keeps all tokens"),
    "repetition_penalty": (lambda value: is_number(value) and value > 0, "a number above 0; 1 changes nothing"),
    "frequency_penalty": _PENALTY,
    "presence_penalty": _PENALTY,
    "max_tokens": (lambda value: is_whole(value, 1), "a whole number from 1 up"),
    "stop": (_is_stop, "a text or a list of texts, none of them empty"),
    "seed": (is_whole, "a whole number"),
}


def _checked(name: str, value: Any) -> Any:
    is_good, accepts = _SAMPLING[name]
    if not is_good(value):
        raise BadSetting(f"{name}={value!r}: give {accepts}.")
    if name == "stop":
        return (value,) if isinstance(value, str) else tuple(value)
    return value


def _unknown(name: str, known: Sequence[str]) -> str:
    hint = did_you_mean(name, known, otherwise=f"Options are: {', '.join(known)}.")
    return f"{name!r} is an unknown option.{hint}"


def _chosen(model: Any) -> Any:
    """What was picked, where a picker was given as the model; anything else as it is."""
    if isinstance(model, Backend) or not isinstance(model, ModelPicker):
        return model
    if model.model is None:
        raise BadSetting("model=…: nothing is chosen in the picker yet. Press its button, or call picker.choose(name).")
    return model.model
