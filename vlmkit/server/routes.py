"""What can be asked of the server, and what comes back: OpenAI's routes, and those by which it is looked after."""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vlmkit.chat import (
    ChatError,
    ChatEvent,
    PreparedChat,
    chat_response,
    read_request,
    read_responses_request,
    responses_object,
)
from vlmkit.server.answers import ChatAnswer
from vlmkit.server.bodies import Bodies
from vlmkit.server.metrics import CONTENT_TYPE_LATEST
from vlmkit.server.openapi import openapi_document
from vlmkit.server.problems import error_response, refused
from vlmkit.server.streaming import EventStream, chat_events, response_events, unless_gone
from vlmkit.server.switchboard import Switchboard
from vlmkit.server.tickets import ModelState, Refusal

__all__ = ["Routes", "told"]

_LOG = logging.getLogger("vlmkit.server")

Asked = TypeVar("Asked")
Endpoint = Callable[[Request], Awaitable[Response]]


def told(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose errors become the dialect's error object, whatever they are.

    Parameters
    ----------
    endpoint : callable
    """

    @functools.wraps(endpoint)
    async def asked(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ChatError as error:
            return error_response(error)
        except Exception as error:  # noqa: BLE001  a fault of ours is an answer, too
            # The message may quote what the client sent, so only the place is kept.
            place = "".join(traceback.format_tb(error.__traceback__))
            _LOG.error("%s failed: %s\n%s", request.url.path, type(error).__name__, place)
            words = f"The server failed ({type(error).__name__}). Its log says more."
            return error_response(ChatError(words, status=500, kind="server_error"))

    return asked


class Routes:
    """The endpoints of one server.

    Parameters
    ----------
    board : Switchboard
    largest_request_bytes : int
    has_key : bool, default False
        Whether clients must send a key.
    """

    def __init__(self, board: Switchboard, largest_request_bytes: int, *, has_key: bool = False) -> None:
        self._board = board
        self._bodies = Bodies(largest_request_bytes)
        self._has_key = has_key

    def table(self) -> list[Route]:
        """All of them, for Starlette."""
        rows: list[tuple[str, Endpoint, str]] = [
            ("/v1/chat/completions", self.chat, "POST"),
            ("/v1/responses", self.responses, "POST"),
            ("/v1/models", self.models, "GET"),
            ("/v1/models/select", self.select, "POST"),
            ("/v1/models/status", self.status, "GET"),
            ("/v1/models/{id:path}", self.model, "GET"),
            ("/v1/queues", self.queues, "GET"),
            ("/health", self.health, "GET"),
            ("/ready", self.ready, "GET"),
            ("/metrics", self.metrics, "GET"),
            ("/openapi.json", self.openapi, "GET"),
        ]
        routes = [Route(path, told(endpoint), methods=[method]) for path, endpoint, method in rows]
        post = next(place for place, route in enumerate(routes) if route.path == "/v1/models/select")
        # Else it would be looked for among the models.
        routes.insert(post + 1, Route("/v1/models/select", _post_alone, methods=["GET"]))
        return routes

    async def chat(self, request: Request) -> Response:
        """A chat completion, whole or streamed.

        Parameters
        ----------
        request : Request

        Raises
        ------
        ChatError
            It cannot be served.
        """
        asked = await self._asked(request, read_request)
        answer = ChatAnswer(self._board, asked)
        return await self._answered(
            request,
            answer,
            lambda: chat_events(answer, functools.partial(self._note, asked.model)),
            chat_response,
        )

    async def responses(self, request: Request) -> Response:
        """An answer of the Responses API, whole or streamed.

        Parameters
        ----------
        request : Request

        Raises
        ------
        ChatError
            It cannot be served.
        """
        asked = await self._asked(request, read_responses_request)
        answer = ChatAnswer(self._board, asked.chat)
        try:
            return await self._answered(
                request,
                answer,
                lambda: response_events(answer, asked, functools.partial(self._note, asked.chat.model)),
                lambda _prepared, events: responses_object(asked, events),
            )
        except ChatError as error:
            raise asked.renamed(error) from error.__cause__

    async def models(self, _request: Request) -> Response:
        """The models that can be named."""
        return JSONResponse({"object": "list", "data": [self._model(name) for name in self._board.catalog]})

    async def model(self, request: Request) -> Response:
        """One of them.

        Parameters
        ----------
        request : Request

        Raises
        ------
        ChatError
            There is none of that name.
        """
        return JSONResponse(self._model(self._board.known(request.path_params["id"])))

    async def select(self, request: Request) -> Response:
        """Have a model loaded before it is asked anything.

        Parameters
        ----------
        request : Request
            ``{"model": …}`` or ``{"model_id": …}``.

        Raises
        ------
        ChatError
            There is none of that name, or another one is being loaded.
        """
        body = await self._bodies.read_json(request)
        wanted = (body.get("model") or body.get("model_id")) if isinstance(body, dict) else None
        if not isinstance(wanted, str):
            raise ChatError("model: it is missing. Give the id of a model, as in /v1/models.", param="model")
        name = self._board.known(wanted)
        if self._board.queues.is_stopping:
            raise refused(Refusal.SHUTTING_DOWN, name)
        outcome = self._board.queues.select(name)
        if outcome == "conflict":
            message = "Another model is being loaded. Try again when it is there: see /v1/models/status."
            raise ChatError(message, status=409, kind="conflict", code="switch_in_progress")
        self._board.advance()
        return JSONResponse({"status": outcome, "model": name}, 202)

    async def status(self, _request: Request) -> Response:
        """Which model is there, which is coming, and who waits."""
        queues = self._board.queues.models.values()
        loaded = [queue for queue in queues if queue.state is ModelState.LOADED]
        loading = next((queue.name for queue in queues if queue.state is ModelState.LOADING), None)
        newest = max(loaded, key=lambda queue: queue.used_s, default=None)
        failed = {queue.name: type(queue.error).__name__ for queue in queues if queue.error is not None}
        return JSONResponse(
            {
                "active": None if newest is None else newest.name,
                "pending": loading or self._board.queues.pending,
                "loaded": [queue.name for queue in loaded],
                "queue_lengths": {queue.name: len(queue.waiting) for queue in queues},
                "running": {queue.name: len(queue.running) for queue in queues},
                "last_error": failed or None,
                "generation_tokens": self._board.metrics.tokens_written,
            }
        )

    async def queues(self, _request: Request) -> Response:
        """Each queue with its limits and times."""
        limits = self._board.queues.limits
        rows = [
            {
                "model": queue.name,
                "status": queue.state,
                "waiting": len(queue.waiting),
                "running": len(queue.running),
                "slots": queue.slots,
                "queue_size": limits.queue_size,
                "eta_ms": _milliseconds(self._board.queues.eta_s(queue.name)),
            }
            for queue in self._board.queues.models.values()
        ]
        return JSONResponse({"object": "list", "data": rows})

    async def health(self, _request: Request) -> Response:
        """That the process answers; no model is asked."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """Whether a model is there to answer.

        Raises
        ------
        ChatError
            With status 503: none is.
        """
        if self._board.queues.is_stopping:
            raise refused(Refusal.SHUTTING_DOWN, "")
        if not any(queue.state is ModelState.LOADED for queue in self._board.queues.models.values()):
            raise ChatError("No model is loaded.", status=503, kind="server_busy", code="not_ready", retry_after_s=1.0)
        return JSONResponse({"status": "ready"})

    async def metrics(self, _request: Request) -> Response:
        """Figures, as Prometheus reads them."""
        figures = self._board.metrics.written(self._board.queues.models.values())
        return Response(figures, media_type=CONTENT_TYPE_LATEST)

    async def openapi(self, _request: Request) -> Response:
        """All of this, as OpenAPI describes it."""
        return JSONResponse(openapi_document(self._board.catalog, has_key=self._has_key))

    async def _asked(self, request: Request, read: Callable[..., Asked]) -> Asked:
        """What a client asks for; the model's name is looked at before the pictures are."""
        body = await self._bodies.read_json(request)
        if isinstance(body, dict) and isinstance(body.get("model"), str):
            self._board.check(body["model"])
        limits, fetch = self._board.chat_limits, self._board.fetch
        return await self._board.in_pool(functools.partial(read, body, limits=limits, fetch=fetch))

    async def _answered(
        self,
        request: Request,
        answer: ChatAnswer,
        stream: Callable[[], AsyncIterator[bytes]],
        write: Callable[[PreparedChat, list[ChatEvent]], dict[str, Any]],
    ) -> Response:
        """An answer as it was asked for; however it ends, its place in the queue is given back."""
        is_handed_on = False
        try:
            if not answer.request.is_streamed:
                return JSONResponse(write(*await unless_gone(request, answer.whole())))
            await answer.settle()
            is_handed_on = True
            return EventStream(answer, stream(), functools.partial(self._note, answer.request.model))
        except ChatError as error:
            self._note(answer.request.model, error)
            raise
        finally:
            if not is_handed_on:
                answer.close()

    def _note(self, model: str, error: ChatError) -> None:
        self._board.metrics.note_failure(model, error.code)

    def _model(self, name: str) -> dict[str, Any]:
        served, queue = self._board.catalog[name], self._board.queues.models[name]
        entry: dict[str, Any] = {"id": name, "object": "model", "created": served.created_s, "owned_by": "vlmkit"}
        entry["status"] = {"value": queue.state}
        backend = self._board.backend(name)
        if backend is not None:
            abilities, info = backend.abilities, getattr(backend, "info", None)
            sees = getattr(info, "sees_pictures", None) is not False
            capabilities = [word for word, has in (("vision", sees), ("tools", abilities.tools)) if has]
            entry["vlmkit"] = {"capabilities": capabilities, "context_length": getattr(info, "context_length", None)}
        return entry


async def _post_alone(_request: Request) -> Response:
    raise HTTPException(405, headers={"allow": "POST"})


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
