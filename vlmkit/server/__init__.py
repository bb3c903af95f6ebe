"""Server: the HTTP face of chat, with a queue for each model, and models that take turns in memory.

Takes   models by their names, requests in OpenAI's chat dialect.    Gives  answers, streams, status, metrics.
May use chat, backends, sources, runner; Starlette and uvicorn.      Never  loads what is not in its list of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = ["Catalog", "CatalogEntry", "ModelStatus", "RunningServer", "ServerStatus", "catalog_of", "serve"]

if TYPE_CHECKING:
    from vlmkit.server.catalog import Catalog, CatalogEntry, catalog_of
    from vlmkit.server.launching import serve
    from vlmkit.server.serving import ModelStatus, RunningServer, ServerStatus
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "catalog": "Catalog CatalogEntry catalog_of",
            "launching": "serve",
            "serving": "ModelStatus RunningServer ServerStatus",
        },
    )
