"""`vlmkit trust`: consent to a file of settings or servers that was found beside pictures, or take the consent back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from vlmkit import settings
from vlmkit.cli.output import to_stdout, write_lines
from vlmkit.errors import BadSetting
from vlmkit.settings_file import FILE_NAME, find_file
from vlmkit.settings_trust import consent, consents, withdraw
from vlmkit.untrusted import for_terminal

__all__ = ["trust"]


@click.command(epilog="A consent is to what is in the file now: once the file changes, it is asked for again.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--revoke", is_flag=True, help="Take the consent back.")
@click.option("--list", "listed", is_flag=True, help="Print the files that were consented to.")
def trust(file: Path | None, *, revoke: bool, listed: bool) -> int:
    """Let a vlmkit.toml say where pictures and keys go, or a mcp.json start servers. Read it first.

    FILE is the nearest vlmkit.toml from the working folder upwards where none is named.
    """
    with to_stdout() as stream:
        write_lines(_list() if listed else _revoke(file) if revoke else _consent(file), stream)
    return 0


def _list() -> Iterator[str]:
    yield from (for_terminal(str(file)) for file in sorted(consents()))


def _revoke(file: Path | None) -> Iterator[str]:
    meant = _meant(file)
    shown = for_terminal(str(meant))
    yield f"{shown} is no longer trusted." if withdraw(meant) else f"{shown} was not trusted."


def _consent(file: Path | None) -> Iterator[str]:
    meant = _meant(file)
    entries = _servers(meant) if meant.suffix == ".json" else settings.refused_without_consent(meant)
    consent(meant)
    yield f"{for_terminal(str(meant))} is trusted as it is now. It says:"
    yield from (f"  {entry}" for entry in entries or ["nothing that needs consent"])


def _servers(file: Path) -> list[str]:
    from vlmkit.agent import read_mcp_config

    return list(read_mcp_config(file).lines())


def _meant(file: Path | None) -> Path:
    nearest = file or find_file()
    if nearest is None:
        message = f"There is no {FILE_NAME} in this folder or above it. Name the file: vlmkit trust FILE."
        raise BadSetting(message)
    return nearest.absolute()
