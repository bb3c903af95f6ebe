"""`vlmkit models`: what can be named as --model without a download."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from vlmkit import settings
from vlmkit.backends import registry
from vlmkit.cli import at_hand
from vlmkit.cli.output import terminal_width, to_stdout, write_lines
from vlmkit.cli.tables import draw
from vlmkit.errors import BadSetting

__all__ = ["models"]


@click.command()
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def models(form: str) -> int:
    """List the models at hand: the bundled one, and those the Hugging Face Hub's cache holds."""
    width = terminal_width()
    with to_stdout() as stream:
        found = _collect()
        lines = [json.dumps(found, indent=2)] if form == "json" else _lines(found, width)
        write_lines(lines, stream)
    return 0


def _collect() -> dict[str, Any]:
    try:
        force = settings.resolve("model")
        in_force = {"model": force.value, "origin": force.origin}
    except BadSetting as error:
        in_force = {"model": None, "origin": str(error)}
    return {
        "models": [asdict(model) for model in (at_hand.bundled(), *at_hand.downloaded())],
        "engines": sorted(registry.engines()),
        "in_force": in_force,
    }


def _lines(found: dict[str, Any], width: int) -> list[str]:
    rows = [
        (model["name"], model["source"], _count(model["parameters"]), _size(model["size_bytes"]), _note(model))
        for model in found["models"]
    ]
    in_force = found["in_force"]
    return [
        *draw(["model", "source", "parameters", "size", "note"], rows, width),
        "",
        f"Engines: {', '.join(found['engines'])}. Any model of an engine is named engine:name; a Hub id means mlx.",
        f"In force without --model: {in_force['model'] or 'none'} ({in_force['origin']}).",
    ]


def _count(parameters: int | None) -> str:
    if parameters is None:
        return ""
    unit, name = (1e9, "B") if parameters >= 1e9 else (1e6, "M")
    return f"{parameters / unit:.1f} {name}"


def _size(size_bytes: int | None) -> str:
    return "" if size_bytes is None else f"{size_bytes / 1e6:,.0f} MB"


def _note(model: dict[str, Any]) -> str:
    if model["problem"]:
        return f"! {model['problem']}"
    return ", ".join(filter(None, [model["architecture"], model["quantization"]]))
