"""The panel of a server: its models, who waits, how fast it writes, how clients reach it; a button ends it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import ipywidgets

from vlmkit.views import Markup, table_element
from vlmkit.widgets.face import Words

if TYPE_CHECKING:
    from vlmkit.server import ModelStatus, RunningServer, ServerStatus

__all__ = ["ServerPanel"]

_UPDATE_EVERY_S = 0.5
_COLUMNS = ("model", "state", "answering", "waiting")


class ServerPanel:
    """Shows how a server stands, at most twice a second, until it has ended.

    Updates have a thread of their own: the server's must not wait for a front end, nor the notebook for either.

    Parameters
    ----------
    server : RunningServer
        It has everything that is shown here: ``status``, ``connection_card``, ``stop``.

    Attributes
    ----------
    widget : ipywidgets.VBox
    """

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._pace = Words()
        self._models = ipywidgets.HTML()
        self._stop = ipywidgets.Button(
            description="Stop", icon="stop", tooltip="Let nobody in, let answers end, stop the server"
        )
        self._stop.on_click(self._press_stop)
        self._lines = ipywidgets.HTML(_folded(server.connection_card()["text/html"]))
        self.widget = ipywidgets.VBox([self._pace, self._models, self._stop, self._lines])
        self._update()
        threading.Thread(target=self._keep_updating, name="vlmkit-server-panel", daemon=True).start()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widget, and for where no kernel lives the lines by which clients reach the server."""
        return {**self.widget._repr_mimebundle_(**options), **self._server.connection_card()}

    def _keep_updating(self) -> None:
        while not self._server.wait(_UPDATE_EVERY_S):
            self._update()
        self._show_end()

    def _update(self) -> None:
        """What has not changed is not sent: widgets compare."""
        now = self._server.status()
        self._pace.say(f"{self._server.url}\n{_pace_of(now)}")
        self._models.value = table_element([*_COLUMNS, *_problem(now)], [_row(model, now) for model in now.models])

    def _show_end(self) -> None:
        written = self._server.status().generation_tokens
        self._pace.say(f"{self._server.connection_card()['text/plain']}\n{written:,} tokens written")
        for part in (self._models, self._stop, self._lines):
            part.layout.display = "none"

    def _press_stop(self, _button: Any) -> None:
        self._stop.disabled = True
        self._stop.description = "Stopping …"
        # It waits for answers, and the kernel has to serve other cells and widgets meanwhile.
        threading.Thread(target=self._server.stop, name="vlmkit-server-stop", daemon=True).start()


def _pace_of(now: ServerStatus) -> str:
    pace = f"{now.tokens_per_s:.3g} tokens per second" if now.tokens_per_s else "no answer ended in the last 10 s"
    return f"{pace} · {now.generation_tokens:,} tokens written"


def _problem(now: ServerStatus) -> tuple[str, ...]:
    return ("problem",) if any(model.error for model in now.models) else ()


def _row(model: ModelStatus, now: ServerStatus) -> list[Any]:
    cells = [model.name, model.state, model.running, model.waiting]
    return [*cells, model.error or Markup("&nbsp;")] if _problem(now) else cells


def _folded(lines: str) -> Markup:
    """Lines to copy, out of the way of those who have them; made of escaped parts by the server's card."""
    return Markup(f"<details><summary>How clients reach it</summary>{lines}</details>")
