"""`vlmkit health`: whether models, and the servers that answer for them, are well."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import click

from vlmkit import settings
from vlmkit.backends import ENGINES
from vlmkit.cli.options import format_option
from vlmkit.cli.output import terminal_width, to_stdout, write_lines
from vlmkit.cli.text import draw
from vlmkit.errors import VlmkitError

__all__ = ["health"]


@click.command(epilog="Exit code: 0 all are well (without names: at least one), 1 one is not.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0, min_open=True), default=2.0, show_default=True)
@format_option()
def health(names: Sequence[str], timeout_s: float, form: str) -> int:
    """Ask whether models and servers are well: a model's name, or a server's, as "ollama" or "vllm@http://host:8000".

    Without a name: the model in force, or where there is none, the bundled model and the servers of this machine.
    """
    in_force = settings.get("model")
    asked = list(names) or ([in_force] if in_force else _local())
    width = terminal_width()
    with to_stdout(for_programs=form == "json") as stream:
        found = _ask(asked, timeout_s)
        write_lines([json.dumps(found, indent=2)] if form == "json" else _lines(found, width), stream)
    is_well = all if names or in_force else any
    return int(not is_well(one["ok"] for one in found))


def _local() -> list[str]:
    """What may answer on this machine: the bundled model for the engine of this process, the others by their names."""
    return ["tiny" if engine.in_process else engine.name for engine in ENGINES.rows() if engine.is_local]


def _ask(names: Sequence[str], timeout_s: float) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(lambda name: _one(name, timeout_s), names))


def _one(name: str, timeout_s: float) -> dict[str, Any]:
    from vlmkit.frame import health as look

    try:
        return {"name": name, **asdict(look(name, timeout_s=timeout_s))}
    except VlmkitError as error:  # a name that names nothing
        problem = f"{type(error).__name__}: {error}"
        return {"name": name, "engine": None, "address": None, "ok": False, "problem": problem, "seconds": None}


def _lines(found: Sequence[dict[str, Any]], width: int) -> list[str]:
    rows = [(one["name"], one["address"] or "", _state(one), one["problem"] or "") for one in found]
    return list(draw(["name", "address", "state", "problem"], rows, width))


def _state(one: dict[str, Any]) -> str:
    if not one["ok"]:
        return "not well"
    return "well" if one["seconds"] is None else f"well, {one['seconds'] * 1000:.0f} ms"
