"""`vlmkit doctor`: what is installed, on which device, how fast, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import click

from vlmkit.cli.checkup import Checkup, examine
from vlmkit.cli.options import format_option
from vlmkit.cli.output import terminal_width, to_stdout, write_lines
from vlmkit.cli.tables import draw

__all__ = ["doctor"]


@click.command()
@format_option()
def doctor(form: str) -> int:
    """Examine this installation and say what to do; exit code 1 where something keeps vlmkit from working."""
    width = terminal_width()
    with to_stdout(for_programs=form == "json") as stream:
        checkup = examine()
        lines = [json.dumps(asdict(checkup), indent=2)] if form == "json" else _lines(checkup, width)
        write_lines(lines, stream)
    return int(checkup.broken)


def _lines(checkup: Checkup, width: int) -> Iterator[str]:
    names = ("versions", "compute", "models", "store", "plugins")
    parts = {name: getattr(checkup, name) for name in names if name != "plugins" or checkup.plugins}
    for title, facts in parts.items():
        yield from draw([title, ""], [(name, _shown(value)) for name, value in facts.items()], width)
        yield ""
    settings = [(row["name"], _shown(row["value"]), row["origin"]) for row in checkup.settings]
    yield from draw(["setting", "value", "where it comes from"], settings, width)
    yield ""
    advice = [(str(number), text) for number, text in enumerate(checkup.advice, 1)]
    yield from draw(["", "what to do"], advice or [("", "Nothing.")], width)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)
