"""The description of all routes, as OpenAPI 3.1 has it: for clients that are made from one, and tools that test by it.

Requests and answers of the dialect are described by the types that check them; of the server's own routes the forms
stand here.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from typing import Any

from vlmkit.chat import dialect_schemas
from vlmkit.server.tickets import ModelState

__all__ = ["openapi_document"]

Schema = dict[str, Any]

_REF = "#/components/schemas/"
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_COUNTS: Schema = {"type": "object", "additionalProperties": _COUNT}
_NAMES: Schema = {"type": "array", "items": _TEXT}
_STATE: Schema = {"enum": [state.value for state in ModelState]}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(optional: Iterable[str] = (), /, **properties: Schema) -> Schema:
    """An object with these keys and no others."""
    required = [name for name in properties if name not in set(optional)]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(entry: Schema) -> Schema:
    return _object(object={"const": "list"}, data={"type": "array", "items": entry})


_MODEL = _object(
    {"vlmkit"},
    id=_TEXT,
    object={"const": "model"},
    created=_COUNT,
    owned_by=_TEXT,
    status=_object(value=_STATE),
    vlmkit=_object(capabilities=_NAMES, context_length=_or_null(_COUNT)),
)
_STATUS = _object(
    active=_or_null(_TEXT),
    pending=_or_null(_TEXT),
    loaded=_NAMES,
    queue_lengths=_COUNTS,
    running=_COUNTS,
    last_error=_or_null({"type": "object", "additionalProperties": _TEXT}),
    generation_tokens=_COUNT,
)
_QUEUE = _object(
    model=_TEXT,
    status=_STATE,
    waiting=_COUNT,
    running=_COUNT,
    slots=_COUNT,
    queue_size=_COUNT,
    eta_ms=_or_null(_COUNT),
)
_SELECTED = _object(status={"enum": ["initiated", "already_active"]}, model=_TEXT)


def openapi_document(models: Iterable[str], *, has_key: bool) -> Schema:
    """Describe a server.

    Parameters
    ----------
    models : iterable of str
        What clients may call ``model``.
    has_key : bool
        Whether they must send a key.
    """
    schemas = dialect_schemas(f"{_REF}{{model}}")
    named: Schema = {"enum": list(models)}
    for body in ("ChatBody", "ResponsesBody"):
        schemas[body]["properties"]["model"] |= named
    document: Schema = {
        "openapi": "3.1.0",
        "info": {"title": "vlmkit", "version": importlib.metadata.version("vlmkit")},
        "paths": _paths(named),
        "components": {"schemas": schemas},
    }
    if has_key:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
    return document


def _paths(named: Schema) -> Schema:
    model = {"name": "id", "in": "path", "required": True, "schema": named}
    selection = {"anyOf": [_named("model", named), _named("model_id", named)]}
    return {
        "/v1/chat/completions": {"post": _streamed("Answer a conversation.", "ChatBody", "ChatCompletion")},
        "/v1/responses": {"post": _streamed("Answer, by the Responses API.", "ResponsesBody", "ResponseAnswer")},
        "/v1/models": {"get": _operation("List the models.", _json(_list(_MODEL)))},
        "/v1/models/{id}": {"get": _operation("Show one model.", _json(_MODEL), parameters=[model])},
        "/v1/models/select": {
            "post": _operation("Load a model ahead.", _json(_SELECTED), status="202", body=_json(selection)),
        },
        "/v1/models/status": {"get": _operation("Say which models are there.", _json(_STATUS))},
        "/v1/queues": {"get": _operation("Say who waits.", _json(_list(_QUEUE)))},
        "/health": {"get": _operation("Say that the server answers.", _json(_object(status={"const": "ok"})))},
        "/ready": {"get": _operation("Say that a model is there.", _json(_object(status={"const": "ready"})))},
        "/metrics": {"get": _operation("Give figures to Prometheus.", {"text/plain": {"schema": _TEXT}})},
        "/openapi.json": {"get": _operation("Give this description.", _json({"type": "object"}))},
    }


def _named(key: str, named: Schema) -> Schema:
    return {"type": "object", "properties": {key: named}, "required": [key]}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _streamed(summary: str, body: str, answer: str) -> Schema:
    event = {"type": "object", "properties": {"data": _TEXT, "event": _TEXT}, "required": ["data"]}
    content = _json({"$ref": _REF + answer}) | {"text/event-stream": {"schema": event}}
    return _operation(summary, content, body=_json({"$ref": _REF + body}))


def _operation(
    summary: str,
    content: Schema,
    *,
    status: str = "200",
    body: Schema | None = None,
    parameters: Iterable[Mapping[str, Any]] = (),
) -> Schema:
    error = {"description": "There is no answer.", "content": _json({"$ref": f"{_REF}ErrorAnswer"})}
    responses = {status: {"description": "The answer.", "content": content}, "4XX": error, "5XX": error}
    operation: Schema = {"summary": summary, "responses": responses}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    if parameters:
        operation["parameters"] = list(parameters)
    return operation
