"""Runner: turns questions about pictures into outcomes, in bulk; the only loop.

Takes   questions, a task, one open backend.     Gives  outcomes in input order, plus events.
May use sources, prompts, backends, settings.    Never  pandas, HTTP, widgets, printing, asyncio."""

from __future__ import annotations

from vlmkit.runner.events import Done, Event, Finished, Listener, Planned, Retrying, Started
from vlmkit.runner.loop import run
from vlmkit.runner.plan import Plan, Question, make_plan

__all__ = [
    "Done",
    "Event",
    "Finished",
    "Listener",
    "Plan",
    "Planned",
    "Question",
    "Retrying",
    "Started",
    "make_plan",
    "run",
]
