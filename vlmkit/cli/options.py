"""Options that several commands have, and the checks behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import click

from vlmkit import settings
from vlmkit.errors import BadSetting

__all__ = ["asks_for_json", "format_option", "of_setting"]

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


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether a command, rightly written or not, asks for JSON; then its errors are JSON, too.

    Parameters
    ----------
    arguments : sequence of str
    """
    spelled = {f"{option}{form}" for form in _JSON for option in ("-f", "--format=")}
    apart = any(before in {"-f", "--format"} and word in _JSON for before, word in pairwise(arguments))
    return apart or not spelled.isdisjoint(arguments)
