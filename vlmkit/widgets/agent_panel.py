"""The panel of an agent at work: its steps as they come, what waits for a yes, Stop; in the end the conversation."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display

from vlmkit.agent import proposal_in_words, step_element
from vlmkit.widgets.face import Words, block

if TYPE_CHECKING:
    from vlmkit.agent import AgentRun, ProposedCall

__all__ = ["AgentPanel"]

_UPDATE_EVERY_S = 0.2
_MOST_STEPS = 60  # of many, the last ones; each is a widget of its own, so that it is sent once
_INTERRUPT = "To stop, interrupt the kernel (■). What is done is kept."


class AgentPanel:
    """Shows a run, at most five times a second, until it has ended; then it is plain HTML, which a file can hold.

    A kernel that is busy with a cell cannot serve a button, so that there are buttons only where the run is in the
    background; elsewhere the notebook itself stops, and asks for a yes by a line of input.

    Parameters
    ----------
    run : AgentRun

    Attributes
    ----------
    widget : ipywidgets.VBox
    """

    def __init__(self, run: AgentRun) -> None:
        self._run = run
        self._control = run.control
        self._shown = 0
        self._asked: ProposedCall | None = None
        self._handle: Any = None
        self._activity = Words(is_status=True)
        self._steps = ipywidgets.VBox()
        self._question = Words(is_status=True)
        self._approve = ipywidgets.Button(description="Approve", icon="check", tooltip="Let it make this call")
        self._decline = ipywidgets.Button(description="Decline", icon="times", tooltip="It is told that you said no")
        self._approve.on_click(lambda _button: self._decide(approve=True))
        self._decline.on_click(lambda _button: self._decide(approve=False))
        self._asking = ipywidgets.VBox([self._question, ipywidgets.HBox([self._approve, self._decline])])
        self._stop = ipywidgets.Button(description="Stop", icon="stop", tooltip="End the run; what is done is kept")
        self._stop.on_click(self._press_stop)
        foot = self._stop if self._control.is_background else ipywidgets.Label(_INTERRUPT)
        self._asking.layout.display = "none"
        self.widget = ipywidgets.VBox([self._activity, self._steps, self._asking, foot])
        self._update()

    def show(self) -> None:
        """Display it, and keep it up to date from a thread of its own."""
        self._handle = display(self.widget, display_id=True)
        threading.Thread(target=self._keep_updating, name="vlmkit-agent-panel", daemon=True).start()

    def _keep_updating(self) -> None:
        while not self._run.join(_UPDATE_EVERY_S):
            self._update()
        self._handle.update(_Ended(self._run))
        _close(self.widget)

    def _update(self) -> None:
        """What has not changed is not sent: widgets compare."""
        self._activity.say(f"{self._run.question}\n{self._control.activity}")
        self._add_steps()
        pending = self._control.pending
        if pending is not self._asked:
            self._asked = pending
            self._question.say(proposal_in_words(pending) if pending else "")
            self._asking.layout.display = "" if pending else "none"

    def _add_steps(self) -> None:
        steps = self._control.steps
        new = [ipywidgets.HTML(step_element(step)) for step in steps[self._shown :][-_MOST_STEPS:]]
        self._shown = len(steps)
        if new:
            kept = (*self._steps.children, *new)
            self._steps.children = kept[-_MOST_STEPS:]
            for gone in kept[:-_MOST_STEPS]:
                gone.close()

    def _decide(self, *, approve: bool) -> None:
        if self._asked is not None:
            self._control.decide(self._asked, approve=approve)

    def _press_stop(self, _button: Any) -> None:
        self._stop.disabled = True
        self._stop.description = "Stopping …"
        self._control.stop.set()


class _Ended:
    """What stands where the panel was: the conversation; or, where the cell gives that itself, a line."""

    def __init__(self, run: AgentRun) -> None:
        self._run = run

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:
        conversation, error = self._run.conversation, self._run.error
        if conversation is not None and self._run.control.is_background:
            return {"text/plain": str(conversation), "text/html": conversation._repr_html_()}
        said = f"{type(error).__name__}: {error}" if error is not None else self._run.state
        return {"text/plain": said, "text/html": block(said, "status")}


def _close(widget: Any) -> None:
    """A widget and all in it: a front end keeps each until it is told."""
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()
