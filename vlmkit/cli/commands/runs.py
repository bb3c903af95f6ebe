"""`vlmkit runs`: what was asked before, and what exactly a row was sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from vlmkit.cli.options import format_option
from vlmkit.cli.output import terminal_width, to_stdout, write_lines
from vlmkit.cli.text import draw, dump

__all__ = ["runs"]


@click.command()
@click.argument("run", type=int, required=False)
@click.option("--store", metavar="FILE", help="The store to look into. [default: by the settings]")
@format_option()
def runs(run: int | None, store: str | None, form: str) -> int:
    """List the runs that the store knows; or, given the number of a RUN, its rows and what each was sent."""
    from vlmkit.frame import runs as look_up

    width = terminal_width()
    with to_stdout(for_programs=form == "json") as stream:
        table = look_up(store, run=run)
        records: list[dict[Any, Any]] = table.astype(object).where(table.notna(), None).to_dict("records")
        if form == "json":
            lines = iter([dump([_plain(record) for record in records], indent=2)])
        else:
            lines = _runs(records, width) if run is None else _rows(records, width)
        write_lines(lines, stream)
    return 0


def _plain(record: dict[Any, Any]) -> dict[Any, Any]:
    """As JSON has it: what a column of text had to hold as text, as what it is."""
    workers = record.get("workers")
    counted = {"workers": int(workers)} if workers is not None and workers.isdecimal() else {}
    return {**record, **counted, "sampling": json.loads(record["sampling"])}


def _runs(records: list[dict[Any, Any]], width: int) -> Iterator[str]:
    rows = [
        (
            str(record["run"]),
            record["started_at"].to_pydatetime().astimezone().strftime("%Y-%m-%d %H:%M"),
            record["state"],
            f"{record['ok']}/{record['total']}",
            "" if record["seconds"] is None else f"{record['seconds']:.1f} s",
            record["model"],
            record["prompt"],
        )
        for record in records
    ]
    return draw(["run", "started", "state", "ok", "took", "model", "prompt"], rows, width)


def _took(record: dict[Any, Any]) -> str:
    if record["is_duplicate"]:
        return "equal"
    return "store" if record["from_store"] else f"{record['seconds'] or 0:.2f} s"


def _rows(records: list[dict[Any, Any]], width: int) -> Iterator[str]:
    rows = [
        (
            str(record["row"]),
            record["path"],
            _took(record),
            f"! {record['error']}" if record["error"] else record["text"] or "",
        )
        for record in records
    ]
    return draw(["row", "path", "took", "answer"], rows, width)
