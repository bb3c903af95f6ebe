"""Runner: turns questions about pictures into outcomes, in bulk; the only loop.

Takes   questions, open backends, a store.        Gives  outcomes in input order, plus events.
May use sources, prompts, backends, store.       Never  pandas, HTTP, widgets, printing, asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "Done",
    "Event",
    "Example",
    "FallingBack",
    "Finished",
    "Listener",
    "OnPicture",
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

if TYPE_CHECKING:
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
    from vlmkit.runner.plan import Example, OnPicture, Plan, Question, Target, make_plan, target_of
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "budget": "Spent budget_of checked_price",
            "events": "Done Event FallingBack Finished Listener Planned Retrying Started Unanswered Waiting",
            "loop": "run",
            "plan": "Example OnPicture Plan Question Target make_plan target_of",
        },
    )
