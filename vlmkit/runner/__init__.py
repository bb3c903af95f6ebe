"""Runner: turns questions about pictures into outcomes, in bulk; the only loop.

Takes   questions, open backends, a store.        Gives  outcomes in input order, plus events.
May use sources, prompts, backends, store.       Never  pandas, HTTP, widgets, printing, asyncio."""

from __future__ import annotations

from vlmkit.runner.budget import Spent, budget_of, checked_price
from vlmkit.runner.events import (
    Done,
    Event,
    FallingBack,
    Finished,
    Listener,
    Planned,
    Retrying,
    Started,
    Unanswered,
    Waiting,
)
from vlmkit.runner.loop import run
from vlmkit.runner.plan import Example, Plan, Question, Target, make_plan, target_of

__all__ = [
    "Done",
    "Event",
    "Example",
    "FallingBack",
    "Finished",
    "Listener",
    "Plan",
    "Planned",
    "Question",
    "Retrying",
    "Spent",
    "Started",
    "Target",
    "Unanswered",
    "Waiting",
    "budget_of",
    "checked_price",
    "make_plan",
    "run",
    "target_of",
]
