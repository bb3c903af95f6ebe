"""Server: the HTTP face of chat, with a queue for each model, and models that take turns in memory.

Takes   models by their names, requests in OpenAI's chat dialect.    Gives  answers, streams, status, metrics.
May use chat, backends, sources, runner; Starlette and uvicorn.      Never  loads what is not in its list of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "Access",
    "Catalog",
    "CatalogEntry",
    "Gate",
    "HostedApplication",
    "ModelStatus",
    "RunningServer",
    "ServerStatus",
    "access_of",
    "catalog_of",
    "keys_of",
    "serve",
    "titled_blocks",
]

if TYPE_CHECKING:
    from vlmkit.server.access import Access, Gate, access_of, keys_of
    from vlmkit.server.catalog import Catalog, CatalogEntry, catalog_of
    from vlmkit.server.hosting import HostedApplication
    from vlmkit.server.launching import serve
    from vlmkit.server.serving import ModelStatus, RunningServer, ServerStatus
    from vlmkit.server.showing import titled_blocks
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "access": "Access Gate access_of keys_of",
            "catalog": "Catalog CatalogEntry catalog_of",
            "hosting": "HostedApplication",
            "launching": "serve",
            "serving": "ModelStatus RunningServer ServerStatus",
            "showing": "titled_blocks",
        },
    )
