"""A conversation with tools: what was said, what was done, and how it ended; plain data that can be saved."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from vlmkit.agent.messages import is_of_the_loop, legal_messages, text_in
from vlmkit.agent.results import json_text
from vlmkit.agent.steps import EXECUTED, Step
from vlmkit.errors import BadSetting
from vlmkit.extras import open_by_name
from vlmkit.records import Usage
from vlmkit.untrusted import quoted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Conversation", "Stopped"]

Stopped = Literal[
    "answered", "max_turns", "max_tool_calls", "stuck", "tokens", "time", "interrupted", "empty", "failed"
]
"""Why a conversation ended: the model answered; a limit of turns or calls; the same calls over and over; a limit of
tokens or time; a person stopped it; the model said nothing, twice; the model failed."""

_FORMAT = "vlmkit-conversation-1"
_FRAME_COLUMNS = ("turn", "call", "tool", "arguments", "status", "text", "rows", "pictures", "seconds")


@dataclass(kw_only=True, eq=False)
class Conversation:
    """What a model said and did until it answered, or until it was stopped.

    It is plain data, which can be looked at, saved, loaded and gone on with. Every call in `messages` has one answer
    there, however it ended.

    Attributes
    ----------
    messages : list of dict
        All that was said, as OpenAI's chat dialect has it; pictures are ``data:`` URLs.
    steps : list of Step
        What became of each call, in order.
    text : str or None
        The answer; where it was stopped, the last that the model said.
    turns : int
        Replies of the model.
    stopped : str or None
        Why it ended: "answered", "max_turns", "max_tool_calls", "stuck" (the same calls over and over), "tokens",
        "time", "interrupted", "empty" or "failed"; None as long as it goes on.
    usage : Usage
        Tokens of all replies; None where a model does not say.
    error : str or None
        Why the model failed.
    table : DataFrame or None
        The table that tools changed, as a new one. It is not saved.
    """

    messages: list[dict[str, Any]] = field(default_factory=list, repr=False)
    steps: list[Step] = field(default_factory=list, repr=False)
    text: str | None = None
    turns: int = 0
    stopped: Stopped | None = None
    usage: Usage = field(default_factory=Usage)
    error: str | None = None
    table: Any = field(default=None, repr=False)
    # How an agent goes on with it; a loaded conversation is given to one.
    continued_by: Callable[..., Conversation] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        calls = f"{len(self.steps)} call{'' if len(self.steps) == 1 else 's'}"
        turns = f"{self.turns} turn{'' if self.turns == 1 else 's'}"
        said = "no text" if self.text is None else quoted(self.text)
        return f"Conversation({self.stopped or 'going on'}, {turns}, {calls}, {said})"

    def __str__(self) -> str:
        """All that was said and done, to be read aloud: ``print(conversation)``."""
        text: str = open_by_name("vlmkit.agent.showing:as_text")(self)
        return text

    def _repr_html_(self) -> str:
        html: str = open_by_name("vlmkit.agent.showing:as_html")(self)
        return html

    def _repr_markdown_(self) -> str:
        markdown: str = open_by_name("vlmkit.agent.showing:as_markdown")(self)
        return markdown

    @property
    def completed(self) -> bool:
        """Whether the model answered, rather than being stopped."""
        return self.stopped == "answered"

    @property
    def question(self) -> str:
        """What a person asked last."""
        said = (message for message in reversed(self.messages) if message["role"] == "user")
        return next((text_in(message) for message in said if not is_of_the_loop(message)), "")

    @property
    def rows(self) -> list[int]:
        """Rows of a table that the tools looked at, by their places, in the order of the first look."""
        return list(dict.fromkeys(row for step in self.steps for row in step.rows if step.status == "done"))

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        """Every call that the model made, as it stands in `messages`."""
        return [call for message in self.messages for call in message.get("tool_calls") or ()]

    @property
    def tool_calls_executed(self) -> list[Step]:
        """Steps whose call reached its tool: "done", "failed" or "timed_out"."""
        return [step for step in self.steps if step.status in EXECUTED]

    @property
    def turns_taken(self) -> int:
        """The same as `turns`."""
        return self.turns

    @property
    def final_message(self) -> dict[str, Any] | None:
        """The last message of the model; None where it said nothing."""
        return next((message for message in reversed(self.messages) if message["role"] == "assistant"), None)

    def to_frame(self) -> pd.DataFrame:
        """Steps as a table, a row for each call.

        Returns
        -------
        DataFrame
            Columns turn, call (its id), tool, arguments (JSON), status, text, rows, pictures (how many), seconds.
        """
        import pandas as pd

        return pd.DataFrame(list(map(_frame_row, self.steps)), columns=list(_FRAME_COLUMNS))

    def go_on(self, question: str | None = None, **options: Any) -> Conversation:
        """Ask the same model something more, or let it go on where it was stopped.

        Parameters
        ----------
        question : str or None, default None
            None adds nothing.
        **options
            As for `Agent.run`.

        Returns
        -------
        Conversation
            A new one, which begins with this one.

        Raises
        ------
        BadSetting
            It was loaded from a file, so that its model and tools are not known.
        """
        if self.continued_by is None:
            raise BadSetting(
                "This conversation knows no model. Give it to one: Agent(model, tools=…).go_on(conversation)."
            )
        return self.continued_by(self, question, **options)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON can say it, except `table`."""
        usage = {"prompt_tokens": self.usage.prompt_tokens, "completion_tokens": self.usage.completion_tokens}
        return {
            "format": _FORMAT,
            "messages": self.messages,
            "steps": [step.to_dict() for step in self.steps],
            "text": self.text,
            "turns": self.turns,
            "stopped": self.stopped,
            "usage": usage,
            "error": self.error,
        }

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Conversation:
        """A conversation as `to_dict` writes it.

        Parameters
        ----------
        written : mapping

        Raises
        ------
        BadSetting
            It is none; says what is wrong with it.
        """
        _check_format(written)
        try:
            made = cls(
                messages=legal_messages(written["messages"]),
                steps=list(map(Step.from_dict, written["steps"])),
                usage=Usage(**written["usage"]),
                **{name: written[name] for name in ("text", "turns", "stopped", "error")},
            )
        except (KeyError, TypeError) as error:
            raise BadSetting(f"This conversation cannot be read: {error}. Save it again by save().") from error
        if made.stopped is not None and made.stopped not in get_args(Stopped):
            raise BadSetting(f"stopped={made.stopped!r}: give one of {', '.join(get_args(Stopped))}.")
        return made

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a JSON file, pictures included.

        Parameters
        ----------
        path : str or path

        Returns
        -------
        Path
        """
        target = Path(path)
        target.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Conversation:
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        BadSetting
            The file is not there, or is none that `save` wrote.
        """
        try:
            written = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise BadSetting(f"{path}: it cannot be read ({error}). Give a file that save() wrote.") from error
        try:
            return cls.from_dict(written)
        except BadSetting as error:
            error.reword(f"{path}: {error}")
            raise


def _check_format(written: object) -> None:
    if not isinstance(written, Mapping) or written.get("format") != _FORMAT:
        raise BadSetting(f"This is no saved conversation: it has no format {_FORMAT!r}. Save one by save().")


def _frame_row(step: Step) -> tuple[Any, ...]:
    arguments = step.arguments if isinstance(step.arguments, str) else json_text(step.arguments)
    head = (step.turn, step.call_id, step.tool, arguments, step.status, step.text)
    return (*head, list(step.rows), len(step.pictures), step.seconds)
