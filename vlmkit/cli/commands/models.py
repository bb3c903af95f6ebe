"""`vlmkit models`: what can be named as --model from here."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from vlmkit import settings
from vlmkit.backends import ENGINES, check_engine, find_models
from vlmkit.cli.options import format_option
from vlmkit.cli.output import terminal_width, to_stdout, write_lines
from vlmkit.cli.text import draw
from vlmkit.errors import BadSetting
from vlmkit.extras import open_by_name

__all__ = ["models"]

_COMPAT_HEADER = ["model", "family", "answers", "layout", "GiB fp32/stored/free", "pictures", "note"]
_HEADER = ["model", "source", "pictures", "size", "note"]


def _checked(_context: click.Context, _option: click.Parameter, engine: str | None) -> str | None:
    try:
        if engine is not None:
            check_engine(engine)
    except BadSetting as error:
        raise click.BadParameter(str(error)) from error
    return engine


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--engine",
    callback=_checked,
    metavar="ENGINE[@ADDRESS]",
    help="Only this engine, as vllm, perhaps at an address: ollama@http://host:11434. [default: all of them]",
)
@click.option("--compat", is_flag=True, help="Of each NAME, before a download: would it be right, would it fit?")
@format_option()
def models(names: tuple[str, ...], engine: str | None, compat: bool, form: str) -> int:
    """List what can be used from here: the bundled model, downloaded ones, those of every server that answers."""
    _check_together(names, engine, compat=compat)
    width = terminal_width()
    with to_stdout(for_programs=form == "json") as stream:
        lines = _compared(list(names), width, form) if compat else _listed(engine, width, form)
        write_lines(lines, stream)
    return 0


def _check_together(names: tuple[str, ...], engine: str | None, *, compat: bool) -> None:
    if compat != bool(names) or (compat and engine):
        raise click.UsageError("give names with --compat and without --engine: vlmkit models --compat NAME...")


def _listed(engine: str | None, width: int, form: str) -> list[str]:
    found = _collect(engine)
    return [json.dumps(found, indent=2)] if form == "json" else _lines(found, width)


def _compared(names: list[str], width: int, form: str) -> list[str]:
    rows = json.loads(open_by_name("vlmkit.frame:compat")(names).to_json(orient="records"))
    if form == "json":
        return [json.dumps({"models": rows}, indent=2)]
    return [*draw(_COMPAT_HEADER, [_compat_row(row) for row in rows], width)]


def _compat_row(found: dict[str, Any]) -> tuple[str, ...]:
    sizes = [_gib(found[name]) for name in ("float32_bytes", "stored_bytes", "free_bytes")]
    remarks = [found["obstacle"] or found["why"], found["settings"], found["quantization"], found["serving"]]
    return (
        found["name"],
        found["family"] or "",
        "WRONG" if found["verdict"] == "wrong" else found["verdict"] or "",
        found["layout"] or "",
        "" if found["error"] else " / ".join(sizes),
        "" if found["longest_side_px"] is None else f"{found['longest_side_px']:,} px",
        f"! {found['error']}" if found["error"] else "; ".join(filter(None, remarks)),
    )


def _gib(size_bytes: int | None) -> str:
    return "?" if size_bytes is None else f"{size_bytes / 2**30:.1f}"


def _collect(engine: str | None) -> dict[str, Any]:
    try:
        force = settings.resolve("model")
        in_force = {"model": force.value, "origin": force.origin}
    except BadSetting as error:
        in_force = {"model": None, "origin": str(error)}
    return {
        "models": [asdict(model) for model in find_models(engine)],
        "engines": sorted(ENGINES.names()),
        "in_force": in_force,
    }


def _lines(found: dict[str, Any], width: int) -> list[str]:
    in_force = found["in_force"]
    return [
        *draw(_HEADER, [_row(model) for model in found["models"]], width),
        "",
        f"Engines: {', '.join(found['engines'])}. Any model of an engine is named engine:name; a Hub id means mlx.",
        f"In force without --model: {in_force['model'] or 'none'} ({in_force['origin']}).",
    ]


def _row(model: dict[str, Any]) -> tuple[str, str, str, str, str]:
    sees = {True: "yes", False: "no", None: ""}[model["sees_pictures"]]
    name = model["name"] or f"({model['engine']})"
    return name, model["source"], sees, _size(model["size_bytes"]), _note(model)


def _size(size_bytes: int | None) -> str:
    return "" if size_bytes is None else f"{size_bytes / 1e6:,.0f} MB"


def _note(model: dict[str, Any]) -> str:
    if model["error"]:
        return f"! {model['error']}"
    context = f"{model['context']:,} tokens" if model["context"] else None
    return ", ".join(filter(None, [model["quantization"], context, "loaded" if model["loaded"] else None]))
