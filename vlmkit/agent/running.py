"""A run of an agent that goes on by itself, or in the caller's thread, and shows itself meanwhile."""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Self

from vlmkit.agent.control import AgentControl
from vlmkit.errors import MissingExtra, TimedOut, VlmkitError
from vlmkit.extras import open_by_name
from vlmkit.notebook import is_watched, notebook_shell

if TYPE_CHECKING:
    from vlmkit.agent.conversation import Conversation

__all__ = ["AgentRun"]

_POLL_S = 0.1  # an interrupt is noticed at least so often, also where waiting itself cannot be interrupted
_STOPPING_S = 10.0  # longer than a model needs to end before its next token

_log = logging.getLogger(__name__)


class AgentRun:
    """An agent at work in the background; made by `Agent.start`.

    A notebook shows its steps as they come, with buttons that stop it and that answer what needs a yes. ``wait()`` or
    ``await run`` gives the conversation; a cell that awaits still serves the buttons, one that waits does not.

    Parameters
    ----------
    question : str
    work : callable
        Does it, and gives the conversation.
    control : AgentControl

    Attributes
    ----------
    error : Exception or None
        What ended it, where something did.
    """

    def __init__(self, question: str, work: Callable[[], Conversation], control: AgentControl) -> None:
        self.question = question
        self.control = control
        self.error: Exception | None = None
        self._work = work
        self._conversation: Conversation | None = None
        self._ended = threading.Event()

    def start(self) -> Self:
        """Begin in a thread of its own."""
        _show(self)
        atexit.register(self._leave)
        threading.Thread(target=self._run, name="vlmkit-agent", daemon=True).start()
        return self

    def work_here(self) -> Conversation:
        """Do it in the caller's thread.

        Raises
        ------
        SetupError
            As `Agent.run`.
        RunError
            The same.
        """
        _show(self)
        self._run()
        return self._result()

    def __repr__(self) -> str:
        steps = len(self.control.steps)
        return f"<AgentRun: {self.state}, {steps} step{'' if steps == 1 else 's'}; wait() gives the conversation>"

    @property
    def state(self) -> str:
        """``"running"``, ``"waiting"`` for a yes, ``"stopping"``, ``"failed"``, or why it ended, as ``"answered"``."""
        if not self._ended.is_set():
            return "stopping" if self.control.stop.is_set() else "waiting" if self.control.pending else "running"
        return "failed" if self._conversation is None else str(self._conversation.stopped)

    @property
    def conversation(self) -> Conversation | None:
        """What came of it; None as long as it goes on, and where an error ended it."""
        return self._conversation

    @property
    def done(self) -> bool:
        """Whether it has ended, for whatever reason."""
        return self._ended.is_set()

    def stop(self) -> None:
        """End it; returns at once. What was done is in the conversation."""
        self.control.stop.set()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; gives whether it has ended.

        Parameters
        ----------
        timeout_s : float or None, default None
            Longest wait; None is to the end.
        """
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._ended.wait(_POLL_S if deadline_s is None else min(_POLL_S, _left_s(deadline_s))):
            if deadline_s is not None and not _left_s(deadline_s):
                return False
        return True

    def wait(self) -> Conversation:
        """Wait for the end; an interrupt meanwhile stops it, and gives what was done.

        Returns
        -------
        Conversation

        Raises
        ------
        SetupError
            As `Agent.run`.
        RunError
            The same.
        """
        try:
            self.join()
        except KeyboardInterrupt:
            self._end()
        return self._result()

    def __await__(self) -> Generator[Any, None, Conversation]:
        return self._awaited().__await__()

    async def _awaited(self) -> Conversation:
        try:
            while not self._ended.is_set():  # noqa: ASYNC110  set by a thread, which knows no loop
                await asyncio.sleep(_POLL_S / 2)
        except (asyncio.CancelledError, KeyboardInterrupt):  # the notebook's interrupt comes as either
            self._end()
        return self._result()

    def _result(self) -> Conversation:
        if self.error is not None:
            raise self.error
        if self._conversation is None:
            message = f"The run did not stop within {_STOPPING_S:.0f} s; wait() again for its conversation."
            raise TimedOut(message)
        return self._conversation

    def _end(self) -> None:
        self.stop()
        self._ended.wait(_STOPPING_S)

    def _leave(self) -> None:
        """At exit: the thread would be cut off in the middle of whatever it does."""
        self._end()

    def _run(self) -> None:
        try:
            self._conversation = self._work()
        except VlmkitError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001  a thread's end would be silent
            self.error = error
            _log.exception("An agent in the background broke.")
        finally:
            self._ended.set()
            atexit.unregister(self._leave)


def _show(run: AgentRun) -> None:
    """A panel, where a person runs the cell."""
    if not is_watched(notebook_shell()):
        return
    try:
        open_by_name("vlmkit.widgets.agent_panel:AgentPanel")(run).show()
    except MissingExtra as error:
        _log.warning("%s The agent works without a panel.", error)


def _left_s(deadline_s: float) -> float:
    return max(0.0, deadline_s - time.monotonic())
