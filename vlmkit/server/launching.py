"""Start a server in a thread of this process.

What the server is made of is imported only now, so that a missing extra is said in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit import settings
from vlmkit.extras import open_by_name

if TYPE_CHECKING:
    from vlmkit.backends import Backend
    from vlmkit.server.serving import RunningServer

__all__ = ["serve"]

_EXTRA = "server"


def serve(
    model: str | Backend | Iterable[str | Backend] | Mapping[str, str | Backend] | None = None,
    *,
    key: str | None = None,
    key_file: str | Path | None = None,
    no_auth: bool = False,
    **options: Any,
) -> RunningServer:
    """Serve models to OpenAI clients, in a thread of this process; returns once the first model is loaded.

    Parameters
    ----------
    model : str, Backend, iterable of them, mapping of str to them, or None, default None
        Who answers: names as `vlmkit.load` takes them, ``"alias=name"``, or open models. Clients name a model by its
        alias, or by the name that is given here. None takes the tables ``[models.ALIAS]`` of vlmkit.toml, or the model
        in force.
    key : str or None, default None
        What clients must send; None takes the environment variable ``VLMKIT_API_KEY``.
    key_file : str, Path or None, default None
        Keys, one a line, that clients may send as well.
    no_auth : bool, default False
        Whether other machines may ask without a key.
    **options : object
        Any setting of the table ``[server]``: ``host``, ``port`` (a free one where nothing says which), ``queue_size``,
        ``max_loaded``, ``request_timeout_s``, ``switch_wait_s``, ``idle_unload_s``, ``shutdown_timeout_s``,
        ``answer_timeout_s``, ``max_answer_tokens``,
        ``largest_request_bytes``, ``image_hosts``, ``allowed_hosts``, ``allowed_origins``.

    Returns
    -------
    A server with ``url``, ``models``, ``stop()``; a context manager; a notebook shows how clients reach it.

    Raises
    ------
    SetupError
        A model or an option cannot be used, the address is taken, the first model cannot be loaded, or the extra
        ``server`` is not installed.

    Examples
    --------
    >>> import vlmkit as vk
    >>> with vk.serve("fake:echo") as server:
    ...     server.models
    ['fake:echo']
    """
    catalog = open_by_name("vlmkit.server.catalog:catalog_of")(model)
    if options.get("port") is None and settings.resolve("port").origin == "default":
        options["port"] = 0  # a notebook that is run twice has two of them for a while
    keys = open_by_name("vlmkit.server.access:keys_of", extra=_EXTRA)(key, key_file)
    chosen = open_by_name("vlmkit.server.app:server_options", extra=_EXTRA)(keys=keys, needs_key=not no_auth, **options)
    running: RunningServer = open_by_name("vlmkit.server.serving:RunningServer", extra=_EXTRA)(catalog, chosen)
    return running
