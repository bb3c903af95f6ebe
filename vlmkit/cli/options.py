"""Options that several commands have, and the checks behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import click

from vlmkit import settings
from vlmkit.errors import BadSetting

__all__ = ["asks_for_json", "budget_of", "budget_options", "format_option", "of_setting"]

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
