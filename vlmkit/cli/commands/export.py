"""`vlmkit export`: a table into the files that trainers and reviewers read; a command for each format."""

from __future__ import annotations

from functools import partial

import click

from vlmkit.cli.lazy_group import LazyCommand, LazyGroup
from vlmkit.cli.running import command_of
from vlmkit.cli.verbs import Verb
from vlmkit.exporters import EXPORT_FORMATS, ExportFormat

__all__ = ["export"]

_TARGETS = {"file": "a file", "folder": "a folder", "beside": "files beside the pictures"}


class _Formats(LazyGroup):
    """Rows of the formats, also of those that plugins bring, which are looked for once a command is."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        self.add_lazy(_command(row) for row in EXPORT_FORMATS.rows())
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx  # the row says everything
        row = EXPORT_FORMATS.find(cmd_name)
        return None if row is None else _opened(row)


@click.group(cls=_Formats)
def export() -> None:
    """Write a table with pictures and texts as a data set: vlmkit export FORMAT TABLE TARGET.

    TABLE is a Parquet, CSV or JSON Lines file, or - with --from for a pipe. Nothing that is there is replaced unless
    you say so with --if-exists; --dry-run shows what would change.
    """


def _command(row: ExportFormat) -> LazyCommand:
    return LazyCommand(
        name=row.name,
        summary=f"{row.title}: {_TARGETS[row.layout]}.",
        open=partial(_opened, row),
        heading="Formats",
    )


def _opened(row: ExportFormat) -> click.Command:
    verb = Verb(
        name=row.name,
        function=row.writer,
        summary=row.title,
        source="table",
        gives="figures",
        has_target=True,
    )
    return command_of(verb, row.open_writer())
