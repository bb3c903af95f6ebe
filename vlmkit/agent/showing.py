"""What a conversation looks like: as HTML that needs no script, as Markdown, as plain text.

Every word in it may be a stranger's: the model's, a tool's, a file's. All of them are escaped, pictures are small and
few, and what is cut says so.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vlmkit.agent.messages import is_about_pictures, is_of_the_loop, text_in
from vlmkit.agent.steps import Step
from vlmkit.errors import RunError
from vlmkit.records import ImageRef
from vlmkit.sources import thumbnail
from vlmkit.untrusted import for_markdown, for_terminal, on_one_line, shortened
from vlmkit.views import Markup, escape, picture_element

if TYPE_CHECKING:
    from vlmkit.agent.approval import ProposedCall
    from vlmkit.agent.conversation import Conversation

__all__ = ["as_html", "as_markdown", "as_text", "call_in_words", "ending_in_words", "proposal_in_words", "step_element"]

_THUMBNAIL_SIDE_PX = 96
_MOST_PICTURES = 24  # of one conversation; a few kilobytes each
_MOST_STEPS = 60
_MOST_CHARACTERS = 1500  # of one text
_MOST_LINE_CHARACTERS = 160
_MOST_PROPOSED_CHARACTERS = 6000

_ENDINGS = {
    "answered": "answered",
    "max_turns": "stopped at the limit of turns",
    "max_tool_calls": "stopped at the limit of calls",
    "stuck": "stopped: the same calls came again and again",
    "tokens": "stopped at the limit of tokens",
    "time": "stopped at the limit of time",
    "interrupted": "stopped by hand",
    "empty": "the model said nothing",
    "failed": "the model failed",
    None: "goes on",
}
# Notebooks typeset what stands between dollars, unless told not to, by a word that changed over time.
_CLASSES = "vlm-conversation tex2jax_ignore mathjax_ignore"
_PRE = "margin:.2em 0 .4em;white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate"


@dataclass(frozen=True)
class _Said:
    """A text with its pictures, and what it is: ``"Question"``, ``"Reminder"``, ``"Says"`` or ``"Answer"``."""

    label: str
    text: str
    pictures: tuple[ImageRef, ...] = ()


_Part = _Said | list[Step]


def as_html(conversation: Conversation) -> Markup:
    """Question, steps folded with thumbnails of what tools returned, answer, and how it ended.

    Parameters
    ----------
    conversation : Conversation
    """
    left = _MOST_PICTURES
    written = []
    for part in _parts(conversation):
        if isinstance(part, _Said):
            written.append(_said_element(part, left))
            left -= len(part.pictures)
        else:
            written.append(_steps_element(part, left))
            left -= sum(len(step.pictures) for step in part)
    return Markup(f'<div class="{_CLASSES}">{"".join(written)}<p>{escape(ending_in_words(conversation))}</p></div>')


def as_markdown(conversation: Conversation) -> str:
    """The same as Markdown, without pictures; nothing in it takes effect as markup.

    Parameters
    ----------
    conversation : Conversation
    """
    lines = []
    for part in _parts(conversation):
        if isinstance(part, _Said):
            lines.append(f"**{part.label}:** {for_markdown(_cut(part.text))}")
        else:
            lines += [f"* {for_markdown(_headline(step))}  \n{for_markdown(_cut(step.text))}" for step in part]
    return "\n\n".join([*lines, f"*{for_markdown(ending_in_words(conversation))}*"])


def as_text(conversation: Conversation) -> str:
    """The same as lines for a terminal.

    Parameters
    ----------
    conversation : Conversation
    """
    lines = []
    for part in _parts(conversation):
        if isinstance(part, _Said):
            lines.append(f"{part.label}: {_cut(part.text)}{_counted(len(part.pictures))}")
        else:
            lines += [f"  {_headline(step)}\n{_indented(_cut(step.text))}" for step in part]
    return for_terminal("\n".join([*lines, f"({ending_in_words(conversation)})"]), keep="\n\t")


def step_element(step: Step, most_pictures: int = _MOST_PICTURES) -> Markup:
    """One call and what came of it.

    Parameters
    ----------
    step : Step
    most_pictures : int, default 24
        Of those the tool returned.
    """
    headline = f'<code dir="auto">{escape(_headline(step))}</code>'
    return Markup(f"<div>{headline}{_pre(_cut(step.text))}{_thumbnails(_refs(step), most_pictures)}</div>")


def call_in_words(tool: str, arguments: Any) -> str:
    """A call as Python would write it, on one line.

    Parameters
    ----------
    tool : str
    arguments : object
        A mapping; or what the model wrote in place of one.

    Examples
    --------
    >>> call_in_words("look", {"place": "top left"})
    'look(place="top left")'
    """
    if isinstance(arguments, dict):
        inside = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
    else:
        inside = str(arguments)
    return shortened(on_one_line(f"{tool}({inside})"), _MOST_LINE_CHARACTERS)


def proposal_in_words(call: ProposedCall) -> str:
    """A call that waits for a yes: what a person allows is shown whole, or it says how much is not.

    Parameters
    ----------
    call : ProposedCall
    """
    arguments = json.dumps(call.arguments, ensure_ascii=False, indent=1)
    return f"May it call {call.tool.display_name}?\n{_cut(arguments, _MOST_PROPOSED_CHARACTERS)}"


def ending_in_words(conversation: Conversation) -> str:
    """Why it ended, and what it took.

    Parameters
    ----------
    conversation : Conversation
    """
    calls, usage = len(conversation.steps), conversation.usage
    ending = " · ".join(filter(None, [_ENDINGS[conversation.stopped], conversation.error]))
    took = [ending, _number(conversation.turns, "turn"), _number(calls, "call")]
    if usage.prompt_tokens is not None and usage.completion_tokens is not None:
        took.append(f"{usage.prompt_tokens:,} tokens read, {usage.completion_tokens:,} written")
    return " · ".join(took)


def _parts(conversation: Conversation) -> Iterator[_Part]:
    """What was said and done, in order; calls that come one after another are one list of steps."""
    by_call = {step.call_id: step for step in conversation.steps}
    steps: list[Step] = []
    for said, calls in map(_read, conversation.messages):
        if said is not None:
            if steps:
                yield steps
                steps = []
            is_answer = said.label == "Says" and not calls and said.text == conversation.text
            yield replace(said, label="Answer") if is_answer else said
        steps += [by_call[call["id"]] for call in calls if call["id"] in by_call]
    if steps:
        yield steps


def _read(message: Mapping[str, Any]) -> tuple[_Said | None, Sequence[Mapping[str, Any]]]:
    """What a message says, and its calls; pictures that tools returned are shown with their steps."""
    text, pictures = text_in(message), _pictures_of(message)
    if message["role"] == "user" and not is_about_pictures(message):
        return _Said("Reminder" if is_of_the_loop(message) else "Question", text, pictures), ()
    if message["role"] == "assistant":
        return (_Said("Says", text) if text else None), message.get("tool_calls") or ()
    return None, ()


def _pictures_of(message: Mapping[str, Any]) -> tuple[ImageRef, ...]:
    """Those that are in the message itself; what is elsewhere is not fetched only to be shown."""
    content = message.get("content")
    urls = [part["image_url"]["url"] for part in content if "image_url" in part] if isinstance(content, list) else []
    return tuple(ImageRef(source=_data_of(url), label="picture", is_foreign=True) for url in urls)


def _data_of(url: str) -> bytes:
    """Bytes of a ``data:`` URL; of any other, none, which is no picture."""
    head, _, data = url.partition(",")
    try:
        return base64.b64decode(data, validate=True) if head.startswith("data:") else b""
    except ValueError:
        return b""


def _said_element(said: _Said, most_pictures: int) -> str:
    return f"<div><b>{said.label}</b>{_thumbnails(said.pictures, most_pictures)}{_pre(_cut(said.text))}</div>"


def _steps_element(steps: Sequence[Step], most_pictures: int) -> str:
    """Folded; GitHub and nbviewer fold it, too."""
    shown = []
    for step in steps[:_MOST_STEPS]:
        shown.append(step_element(step, most_pictures))
        most_pictures -= len(step.pictures)
    if len(steps) > _MOST_STEPS:
        shown.append(Markup(f"<p>{len(steps) - _MOST_STEPS} more steps are in to_frame().</p>"))
    return f"<details><summary>{escape(_summary(steps))}</summary>{''.join(shown)}</details>"


def _summary(steps: Sequence[Step]) -> str:
    """How many steps, of which tools, and how many of them did not work."""
    tools = Counter(step.tool for step in steps)
    named = ", ".join(tool if count == 1 else f"{tool} × {count}" for tool, count in tools.items())
    ended = Counter(_status(step) for step in steps if step.status != "done")
    counted = [f"{count} {status}" for status, count in ended.items()]
    named = shortened(on_one_line(named), _MOST_LINE_CHARACTERS)
    return " · ".join([f"{_number(len(steps), 'step')}: {named}", *counted])


def _headline(step: Step) -> str:
    return f"{call_in_words(step.tool, step.arguments)} · {_status(step)} · {step.seconds:.1f} s"


def _refs(step: Step) -> list[ImageRef]:
    return [ImageRef(source=picture.data, label="picture") for picture in step.pictures]


def _status(step: Step) -> str:
    return step.status.replace("_", " ")


def _thumbnails(pictures: Sequence[ImageRef], most: int) -> str:
    shown = "".join(_thumbnail(picture, number) for number, picture in enumerate(pictures[: max(0, most)], 1))
    left_out = len(pictures) - max(0, most)
    return f"<div>{shown}{f' {left_out} more not shown' if left_out > 0 else ''}</div>" if pictures else ""


def _thumbnail(ref: ImageRef, number: int) -> str:
    label = f"picture {number}"
    try:
        small = thumbnail(ref, _THUMBNAIL_SIDE_PX)
    except RunError as fault:
        return escape(f"[{label} cannot be shown: {type(fault).__name__}] ")
    return picture_element(small.data, small.media_type, label=label, width=small.width, height=small.height) + " "


def _pre(text: str) -> str:
    return f'<pre dir="auto" style="{_PRE}">{escape(text)}</pre>' if text else ""


def _cut(text: str, most: int = _MOST_CHARACTERS) -> str:
    left_out = len(text) - most
    return f"{text[:most]}… ({left_out:,} characters more)" if left_out > 0 else text


def _counted(count: int) -> str:
    return f" [{_number(count, 'picture')}]" if count else ""


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
