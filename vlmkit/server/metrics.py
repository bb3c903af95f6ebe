"""What the server counts, in the form that Prometheus reads; names are vLLM's but for the prefix.

Labels are names of the list of models, never what a client wrote.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from vlmkit.chat import ChoiceFinished
from vlmkit.server.tickets import ModelQueue, ModelState

__all__ = ["CONTENT_TYPE_LATEST", "ServerMetrics"]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


_PACE_OVER_S = 10.0


class ServerMetrics:
    """The figures of one server, in a registry of their own.

    Attributes
    ----------
    tokens_written : int
        Of all answers since the start.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.tokens_written = 0
        self._lately: deque[tuple[float, int]] = deque()
        self._heard_s: dict[str, float] = {}
        self._running = self._gauge("num_requests_running", "Requests that are being answered.")
        self._waiting = self._gauge("num_requests_waiting", "Requests that wait for their turn.")
        self._loaded = self._gauge("model_loaded", "1 where the model is in memory.")
        self._silence_s = self._gauge(
            "seconds_since_last_token", "Time since a model that is answering wrote something; 0 where none is."
        )
        self._first_s = self._histogram("time_to_first_token_seconds", "From the request to the first piece.")
        self._queue_s = self._histogram("request_queue_time_seconds", "From the request to its turn.")
        self._whole_s = self._histogram("e2e_request_latency_seconds", "From the request to the end of its answer.")
        self._prompt = self._counter("prompt_tokens", "Tokens that were read.")
        self._written = self._counter("generation_tokens", "Tokens that were written.")
        self._ended = self._counter("request_success", "Answers, by how they ended.", "finished_reason")
        self._refused = self._counter("request_failures", "Requests without an answer, by the error's code.", "code")
        self._loads = self._counter("model_loads", "Loads of a model.", "outcome")

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"vlmkit_{name}", text, ["model_name"], registry=self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"vlmkit_{name}", text, ["model_name", *labels], registry=self._registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(f"vlmkit_{name}", text, ["model_name"], registry=self._registry, buckets=_SECONDS)

    def note_turn(self, model: str, waited_s: float) -> None:
        """A request's turn came."""
        self._queue_s.labels(model).observe(waited_s)
        self._heard_s[model] = time.monotonic()

    def note_piece(self, model: str, first_after_s: float | None = None) -> None:
        """A piece of an answer came; of the first one, how long after the request."""
        self._heard_s[model] = time.monotonic()
        if first_after_s is not None:
            self._first_s.labels(model).observe(first_after_s)

    def note_answer(self, model: str, took_s: float, choices: Sequence[ChoiceFinished]) -> None:
        """A request has its whole answer; its choices have one prompt."""
        self._whole_s.labels(model).observe(took_s)
        for choice in choices:
            self._ended.labels(model, choice.finish_reason).inc()
        self._prompt.labels(model).inc(max(choice.usage.prompt_tokens or 0 for choice in choices))
        written = sum(choice.usage.completion_tokens or 0 for choice in choices)
        self._written.labels(model).inc(written)
        self.tokens_written += written
        now_s = time.monotonic()
        self._lately.append((now_s, written))
        while self._lately[0][0] < now_s - _PACE_OVER_S:
            self._lately.popleft()

    @property
    def tokens_per_s(self) -> float:
        """Tokens of the answers that ended in the last ten seconds, per second; from any thread."""
        since_s = time.monotonic() - _PACE_OVER_S
        return sum(tokens for moment_s, tokens in tuple(self._lately) if moment_s >= since_s) / _PACE_OVER_S

    def note_failure(self, model: str, code: str | None) -> None:
        """A request for a model of the list ended without an answer."""
        self._refused.labels(model, code or "error").inc()

    def note_load(self, model: str, *, is_well: bool) -> None:
        """A load ended."""
        self._loads.labels(model, "loaded" if is_well else "failed").inc()

    def written(self, queues: Iterable[ModelQueue]) -> bytes:
        """All figures, as Prometheus reads them.

        Parameters
        ----------
        queues : iterable of ModelQueue
            As they stand now.
        """
        now_s = time.monotonic()
        for queue in queues:
            self._running.labels(queue.name).set(len(queue.running))
            self._waiting.labels(queue.name).set(len(queue.waiting))
            self._loaded.labels(queue.name).set(queue.state is ModelState.LOADED)
            silent_s = now_s - self._heard_s.get(queue.name, now_s) if queue.running else 0.0
            self._silence_s.labels(queue.name).set(silent_s)
        return generate_latest(self._registry)
