"""A run of an agent as others see it while it works, and act on it: what was done, what waits for a yes, Stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

from vlmkit.agent.approval import Approve, ProposedCall
from vlmkit.agent.events import AgentEvent, CallFinished, CallProgressed, CallStarted, TextWritten, TurnStarted
from vlmkit.agent.showing import call_in_words
from vlmkit.agent.steps import Step
from vlmkit.notebook import is_watched, notebook_shell

__all__ = ["AgentControl"]

_POLL_S = 0.1
_STOPPED = "the run was stopped"


class AgentControl:
    """What a run, whoever watches it and whoever may stop it have in common; for any thread.

    Parameters
    ----------
    is_background : bool, default False
    stop : threading.Event or None, default None
        None makes one.
    on_event : callable or None, default None
        Gets each event, too.

    Attributes
    ----------
    is_background : bool
        Whether the caller goes on meanwhile, and can press a button.
    stop : threading.Event
        Set, it ends the run; what was done is kept.
    steps : tuple of Step
        Those that have ended.
    activity : str
        What it does now, in words.
    pending : ProposedCall or None
        The call that waits for a person's yes.
    """

    def __init__(
        self,
        *,
        is_background: bool = False,
        stop: threading.Event | None = None,
        on_event: Callable[[AgentEvent], object] | None = None,
    ) -> None:
        self.is_background = is_background
        self.stop = stop or threading.Event()
        self._on_event = on_event
        self.steps: tuple[Step, ...] = ()
        self.activity = "starting"
        self.pending: ProposedCall | None = None
        self._decisions: list[bool] = []
        self._decided = threading.Condition()

    def hear(self, event: AgentEvent) -> None:
        """Take note of what happens; called in the thread of the run.

        Parameters
        ----------
        event : AgentEvent
        """
        if isinstance(event, TurnStarted):
            self.activity = f"turn {event.turn}: the model is asked"
        elif isinstance(event, TextWritten):
            self.activity = f"turn {event.turn}: the model writes"
        elif isinstance(event, CallStarted):
            self.activity = f"turn {event.turn}: {call_in_words(event.tool, event.arguments)}"
        elif isinstance(event, CallFinished):
            self.steps += (event.step,)
        elif isinstance(event, CallProgressed):
            self.activity = f"turn {event.turn}: {event.tool}, {event.done} of {event.total} {event.what}".rstrip()
        if self._on_event is not None:
            self._on_event(event)

    def asked(self, approve: Approve | bool | None) -> Approve | bool | None:
        """Who is asked for a yes: in the background whoever can press a button, where somebody can.

        Parameters
        ----------
        approve : callable, bool or None
            As for `Agent.run`.
        """
        if approve is not True or not self.is_background:
            return approve
        return self.ask if is_watched(notebook_shell()) else _nobody

    def ask(self, call: ProposedCall) -> bool | str:
        """Wait for `decide`, in the thread of the run; a run that is stopped has its answer: no.

        Parameters
        ----------
        call : ProposedCall
        """
        with self._decided:
            self.pending = call
            while not self._decisions and not self.stop.is_set():
                self._decided.wait(_POLL_S)
            self.pending = None
            return self._decisions.pop() if self._decisions else _STOPPED

    def decide(self, call: ProposedCall, *, approve: bool) -> None:
        """Answer the question that waits, where it is still this one: a second click must not answer the next.

        Parameters
        ----------
        call : ProposedCall
            As `pending` had it.
        approve : bool
        """
        with self._decided:
            if self.pending is call and not self._decisions:
                self._decisions.append(approve)
                self._decided.notify_all()


def _nobody(_call: ProposedCall) -> str:
    return "nobody could be asked, as nobody is at a notebook"
