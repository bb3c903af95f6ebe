"""`vlmkit mcp`: a table of pictures for MCP hosts, on standard input and output or over HTTP."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from vlmkit import settings
from vlmkit.backends import parse
from vlmkit.cli.inputs import open_source
from vlmkit.cli.interrupts import noted
from vlmkit.cli.options import MODEL_OPTIONS, SHARED_OPTIONS, of_setting, use_model_options
from vlmkit.cli.output import say
from vlmkit.cli.verbs import VERBS
from vlmkit.exporters import EXPORT_FORMATS
from vlmkit.extras import open_by_name
from vlmkit.sources import is_url

__all__ = ["mcp"]

_PORT = 2001
_POLL_S = 0.1
_EPILOG = (
    "Hosts start the command themselves; --config prints what they need. Over HTTP other machines need a key: "
    "VLMKIT_API_KEY or --key-file. It ends with its input, by Ctrl-C or by SIGTERM."
)
_FORMATS = EXPORT_FORMATS.names()
_HOSTS = open_by_name("vlmkit.agent.mcp_server.hosts:MCP_HOSTS")


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True)
@SHARED_OPTIONS["model"]
@SHARED_OPTIONS["store"]
@click.option("--image", help="Column of pictures in a table. [default: path, else image]")
@click.option("--from", "form", type=click.Choice(_FORMATS), metavar="FORMAT", help="Format of a table of pictures.")
@click.option("-r", "--recursive", is_flag=True, help="Look into subfolders too.")
@click.option("--write", is_flag=True, help="Hosts may change a copy of the table, and export it; needs --out.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder that export writes into.")
@click.option("--yes", is_flag=True, help="They do so without asking a person each time.")
@click.option("--http", is_flag=True, help="Listen at an address instead of standard input.")
@click.option("--host", callback=of_setting("host"), help="Address to listen at. [default: 127.0.0.1, this machine]")
@click.option("--port", callback=of_setting("port"), help=f"0 takes a free one. [default: {_PORT}]")
@click.option("--key-file", type=click.Path(path_type=Path), help="Keys that clients may use, one a line.")
@click.option("--allowed-host", "allowed_hosts", multiple=True, help="A name by which clients call this server.")
@click.option("--config", "config", type=click.Choice(list(_HOSTS)), help="Print what this host needs; start nothing.")
@click.option("--name", default="photos", show_default=True, help="What the host calls the server, for --config.")
def mcp(paths: tuple[str, ...], config: str | None, name: str, **options: Any) -> int:
    """Let MCP hosts (Claude Desktop, Cursor, LM Studio, VS Code) look at pictures, search and ask about them.

    PATHS are folders, files, archives, URLs, glob patterns, or one table of pictures. Nothing is changed unless
    --write says so.
    """
    _check_usage(paths, options)
    switches = _switches(options)
    use_model_options(options)
    options["model"] = str(parse(_whole_model(settings.require_model(options["model"]))))
    if config is not None:
        return _print_config(config, name, [*_whole(paths), *_arguments(options), *switches], options)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    served = open_by_name("vlmkit.agent.mcp_server.table_server:TableServer", extra="agent")(
        partial(_table, paths, options),
        model=options["model"],
        image=options["image"],
        store=options["store"],
        allow_edits=options["write"],
        output=options["out"] and options["out"].absolute(),
        is_approved=options["yes"],
    )
    return _over_http(served, options) if options["http"] else _over_stdio(served)


def _check_usage(paths: Sequence[str], options: dict[str, Any]) -> None:
    if "-" in paths:
        raise click.UsageError('"-" is standard input, on which the host speaks. Name folders or files.')
    if options["form"] and len(paths) != 1:
        raise click.UsageError(f"one table at a time; {len(paths)} paths were given with --from.")
    if options["write"] != (options["out"] is not None):
        raise click.UsageError("--write and --out go together: what may be changed, and where it may be written.")
    if options["yes"] and not options["write"]:
        raise click.UsageError("--yes goes with --write.")
    given = [option for option in ("host", "port", "key_file", "allowed_hosts") if options[option]]
    if given and not options["http"]:
        raise click.UsageError(f"--{given[0].replace('_', '-').removesuffix('s')} goes with --http.")


def _table(paths: Sequence[str], options: dict[str, Any]) -> Any:
    verb = replace(VERBS["images"], source="images")
    return open_source(verb, paths, form=options["form"], recursive=options["recursive"])


def _over_stdio(served: Any) -> int:
    if sys.stdin.isatty():
        say("Waiting for an MCP host on standard input. Hosts start this command: --config prints what they need.")
    stop = threading.Event()
    with noted(stop):
        host = open_by_name("vlmkit.agent.mcp_server.stdio:StdioHost", extra="agent")(served.server)
        # Two conditions: a host closes its side and sends a signal, and the second of them is no impatience.
        while host.is_running and not stop.wait(_POLL_S):
            pass
        host.stop()
    return 0


def _over_http(served: Any, options: dict[str, Any]) -> int:
    from vlmkit.server import access_of, keys_of

    logging.getLogger("vlmkit.access").setLevel(logging.INFO)
    keys = keys_of(None, options["key_file"])
    access = access_of(options["host"] or "127.0.0.1", keys=keys, allowed_hosts=options["allowed_hosts"])
    port = _PORT if options["port"] is None else settings.get("port", options["port"])
    hosted = open_by_name("vlmkit.agent.mcp_server.served:hosted", extra="agent")(served.server, access, port)
    stop = threading.Event()
    with noted(stop):
        say(f"Serving at {hosted.url}")
        stop.wait()
        hosted.stop()
    say("The server was stopped.")
    return 0


def _print_config(host: str, name: str, arguments: Sequence[str], options: dict[str, Any]) -> int:
    block = open_by_name("vlmkit.agent.mcp_server.hosts:host_config")
    if options["http"]:
        keyed = bool(options["key_file"] or os.environ.get("VLMKIT_API_KEY"))
        url = f"http://{options['host'] or '127.0.0.1'}:{options['port'] or _PORT}/mcp"
        text = block(host, name, url, needs_key=keyed)
    else:
        text = block(host, name, [*open_by_name("vlmkit.agent.mcp_server.hosts:own_command")(), "mcp", *arguments])
    say(f"For {_HOSTS[host]}:")
    click.echo(text)
    return 0


def _whole(paths: Sequence[str]) -> list[str]:
    """Paths as a host finds them, wherever it starts the command."""
    return [path if is_url(path) else str(Path(path).absolute()) for path in paths]


def _whole_model(name: str) -> str:
    """A model's name, with its whole path where it is a folder's."""
    return str(Path(name).absolute()) if os.sep in name and Path(name).is_dir() else name


def _arguments(options: dict[str, Any]) -> list[str]:
    found = []
    for option in ("model", "store", "image", "form", "out"):
        value = options[option]
        if value is not None:
            word = {"form": "from"}.get(option, option)
            found += [f"--{word}", str(value.absolute()) if isinstance(value, Path) else value]
    return found


def _switches(options: dict[str, Any]) -> list[str]:
    """Options without a value that were given."""
    names = ("recursive", "write", "yes", "allow_remote", "isolate_model")
    given = [f"--{name.replace('_', '-')}" for name in names if options[name]]
    return [*given, "--no-isolate-model"] if options["isolate_model"] is False else given


for _option in reversed(MODEL_OPTIONS):
    mcp = _option(mcp)
