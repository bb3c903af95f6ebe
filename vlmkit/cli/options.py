"""Options that several commands have, and the checks behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import click

from vlmkit import settings
from vlmkit.errors import BadSetting

__all__ = [
    "MODEL_OPTIONS",
    "SHARED_OPTIONS",
    "asks_for_json",
    "budget_of",
    "budget_options",
    "format_option",
    "in_words_of_shell",
    "of_setting",
    "use_model_options",
]

_JSON = ("json", "jsonl")


def of_setting(name: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Callback that checks an option as the setting of this name is checked; a wrong one is a mistake in the command.

    Parameters
    ----------
    name : str

    Raises
    ------
    click.BadParameter
        By the callback.
    """

    def check(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
        if text is not None:
            try:
                settings.get(name, text)
            except BadSetting as error:
                raise click.BadParameter(f"{text!r}. Give {settings.SETTINGS[name].accepts}.") from error
        return text

    return check


def format_option() -> Callable[[Any], Any]:
    """``-f``, ``--format`` of the commands that show a table or write JSON."""
    return click.option(
        "-f", "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True
    )


_SILENCE = 'Seconds for which a server may say nothing, or "none". [default: 60 without --timeout]'
_STORE = 'Where answers are kept: a file, "true" (the default file), "false", or "replay" to ask no model.'

SHARED_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "model": click.option("-m", "--model", help='Who answers: "tiny", a Hub id, a directory, or engine:name.'),
    "workers": click.option(
        "-w", "--workers", callback=of_setting("workers"), help='Pictures in flight: "auto" or a number; 1 is in turn.'
    ),
    "timeout_s": click.option(
        "--timeout", "timeout_s", callback=of_setting("timeout_s"), help='Seconds for one answer, or "none".'
    ),
    "silence_s": click.option("--silence", "silence_s", callback=of_setting("silence_s"), help=_SILENCE),
    "fallback": click.option(
        "--fallback", multiple=True, metavar="MODEL", help="Asked where the model before failed; may be repeated."
    ),
    "store": click.option("--store", callback=of_setting("store"), metavar="FILE", help=_STORE),
}
"""Options that are settings, or names of models, by the parameter that they are for."""

MODEL_OPTIONS = (
    click.option(
        "--isolate-model/--no-isolate-model",
        default=None,
        help="A model of this machine runs in a process of its own.",
    ),
    click.option("--allow-remote", is_flag=True, help="Pictures may go to a server on another machine."),
)
"""Options of every command that asks a model, which are settings and no parameters."""


def use_model_options(options: dict[str, Any]) -> None:
    """Put `MODEL_OPTIONS` in force; they are taken out.

    Parameters
    ----------
    options : dict
    """
    if options.pop("allow_remote", False):
        settings.use(allow_remote=True)
    settings.use(isolate_model=options.pop("isolate_model", None))


_ABOVE_0 = click.FloatRange(min=0, min_open=True)
_BUDGET = (
    click.option("--budget-minutes", type=_ABOVE_0, help="Ask nothing more after so many minutes."),
    click.option("--budget-tokens", type=_ABOVE_0, help="Ask nothing more after so many tokens."),
    click.option("--budget-money", type=_ABOVE_0, help="Ask nothing more after so much money; needs --price."),
    click.option(
        "--price",
        type=click.FloatRange(min=0),
        nargs=2,
        metavar="PROMPT ANSWER",
        help="Money for a million tokens of prompts, and of answers.",
    ),
)


def budget_options() -> Callable[[Any], Any]:
    """``--budget-minutes``, ``--budget-tokens``, ``--budget-money`` and ``--price``."""

    def decorate(command: Any) -> Any:
        for option in reversed(_BUDGET):
            command = option(command)
        return command

    return decorate


def budget_of(options: dict[str, Any]) -> dict[str, float] | None:
    """The budget that was given; its options are taken out.

    Parameters
    ----------
    options : dict

    Raises
    ------
    click.UsageError
        Money without a price.
    """
    names = ("minutes", "tokens", "money")
    given = {name: options.pop(f"budget_{name}") for name in names}
    budget = {name: limit for name, limit in given.items() if limit is not None}
    if "money" in budget and options["price"] is None:
        raise click.UsageError("--budget-money needs --price: what a million tokens of prompts, and of answers, cost.")
    return budget or None


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether a command, rightly written or not, asks for JSON; then its errors are JSON, too.

    Parameters
    ----------
    arguments : sequence of str
    """
    spelled = {f"{option}{form}" for form in _JSON for option in ("-f", "--format=")}
    apart = any(before in {"-f", "--format"} and word in _JSON for before, word in pairwise(arguments))
    return apart or not spelled.isdisjoint(arguments)


def in_words_of_shell(message: str, command: click.Command | None) -> str:
    """A message about arguments of a function as it reads in a shell: ``--timeout 0`` for ``timeout_s=0``.

    Parameters
    ----------
    message : str
    command : click.Command or None
        Whose options these are; None changes nothing.

    Returns
    -------
    str
        Whole calls of Python, such as ``vk.use(store=True)``, stay as they are.
    """
    options = {option.name: option for option in command.params if isinstance(option, click.Option)} if command else {}
    if not options:
        return message
    names = "|".join(str(name) for name in options)

    def spelled(found: re.Match[str]) -> str:
        option = options.get(found["argument"] or found["subject"])
        if option is None:  # a whole call
            return found[0]
        name = max(option.opts, key=len)
        if found["subject"]:
            return f"{name}: "
        off = option.secondary_opts if found["value"] == "False" else []
        return off[0] if off else name if found["value"] == "True" else f"{name} {found['value'] or ''}"

    pattern = rf"[\w.]+\([^()]*\)|(?<![\w-])(?P<argument>{names})=(?P<value>True\b|False\b)?|^(?P<subject>{names}): "
    return re.sub(pattern, spelled, message)
