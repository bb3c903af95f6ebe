"""`vlmkit serve`: models for OpenAI clients, until the command is stopped."""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from typing import Any

import click

from vlmkit import settings
from vlmkit.cli.interrupts import noted
from vlmkit.cli.options import MODEL_OPTIONS, of_setting, use_model_options
from vlmkit.cli.output import say

__all__ = ["serve"]

_EPILOG = (
    "Clients connect with base_url=ADDRESS. A key is needed where other machines can connect: VLMKIT_API_KEY or "
    "--key-file. Ctrl-C and SIGTERM let answers in flight end; a second time they do not."
)


@click.command(epilog=_EPILOG)
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="[ALIAS=]MODEL",
    help="May be repeated; the first is loaded at once. [default: [models.ALIAS] in vlmkit.toml, or the one in force]",
)
@click.option("--host", callback=of_setting("host"), help="Address to listen at. [default: 127.0.0.1, this machine]")
@click.option("--port", callback=of_setting("port"), help="0 takes a free one. [default: 2000]")
@click.option("--max-loaded", callback=of_setting("max_loaded"), help="Models in memory at a time. [default: 1]")
@click.option("--queue-size", callback=of_setting("queue_size"), help="Requests that wait for one model. [default: 10]")
@click.option("--key-file", type=click.Path(path_type=Path), help="Keys that clients may use, one a line.")
@click.option("--no-auth", is_flag=True, help="Whoever reaches the address may ask, without a key.")
@click.option("--image-host", "image_hosts", multiple=True, help="Pictures may be fetched from there; may be repeated.")
@click.option("--allowed-host", "allowed_hosts", multiple=True, help="A name by which clients call this server.")
@click.option(
    "--allow-origin", "allowed_origins", multiple=True, help="A web page that may call, as https://a.example."
)
def serve(models: tuple[str, ...], key_file: Path | None, *, no_auth: bool, **options: Any) -> int:
    """Answer OpenAI clients (chat completions), with a queue for each model.

    One model is in memory at a time, unless --max-loaded says more: requests for another one wait for their turn.
    """
    from vlmkit.server import serve as start

    use_model_options(options)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    for name in ("vlmkit.server", "vlmkit.access"):
        logging.getLogger(name).setLevel(logging.INFO)
    given = {name: value for name, value in options.items() if value not in {None, ()}}
    given["port"] = settings.get("port", given.get("port"))
    server, stop = start(models or None, key_file=key_file, no_auth=no_auth, **given), threading.Event()
    with noted(stop):
        say(f"Serving {', '.join(server.models)} at {server.url}")
        stop.wait()
        server.stop()
    say("The server was stopped.")
    return 0


for _option in reversed(MODEL_OPTIONS):
    serve = _option(serve)
