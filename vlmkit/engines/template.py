"""A checkpoint's own chat template, and the way to put a conversation into it.

Templates differ in what they take: parts or plain text, a system role or none, a picture as a part or as a mark in the
text. Nothing declares it, so it is tried: each way is rendered with words that occur nowhere else, and the first that
shows every word in order and a place for every picture is taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vlmkit.engines import checkpoint_files
from vlmkit.engines.template_ways import Way, in_unique_words, shape_of, ways_for, with_fewer_pictures, words_of
from vlmkit.errors import Refused
from vlmkit.records import Message, ToolDefinition

__all__ = ["ChatTemplate", "one_template", "own_template", "own_tool_template"]

_DEFAULT = "default"
_TOOL_USE = "tool_use"


def own_template(directory: Path) -> str | None:
    """Template that stands in a checkpoint's files: its processor's, else its tokenizer's; None where it has none.

    Parameters
    ----------
    directory : Path
        Of the checkpoint.

    Raises
    ------
    ValueError
        Several templates, and none of them is called "default".
    ModelLoadFailed
        One of its files cannot be read.
    """
    found = (one_template(template) for template in _templates(directory))
    return next((template for template in found if template), None)


def own_tool_template(directory: Path) -> str | None:
    """Template for conversations with tools, where a checkpoint's files hold one apart; None where they do not.

    Parameters
    ----------
    directory : Path
        Of the checkpoint.

    Raises
    ------
    ModelLoadFailed
        One of its files cannot be read.
    """
    found = next(filter(None, map(_by_name, _templates(directory))), None)
    return found.get(_TOOL_USE) or None if isinstance(found, dict) else None


def _templates(directory: Path) -> Iterator[Any]:
    """In the order in which transformers prefers them."""
    yield _entry(directory / "processor_config.json")
    yield _entry(directory / "chat_template.json")
    files = [*(directory / "chat_templates").glob("*.jinja"), directory / "chat_template.jinja"]
    named = {file.stem: text for file in files if (text := _text(file)) is not None}
    if "chat_template" in named:
        named[_DEFAULT] = named.pop("chat_template")
    yield named
    yield _entry(directory / "tokenizer_config.json")


def _entry(file: Path) -> Any:
    content = None
    with suppress(FileNotFoundError, NotADirectoryError):
        content = checkpoint_files.read_json(file, file.parent.name)
    return content.get("chat_template") if isinstance(content, dict) else None


def _text(file: Path) -> str | None:
    with suppress(FileNotFoundError, NotADirectoryError):
        return checkpoint_files.read_text(file, file.parent.name)
    return None


def one_template(template: Any) -> str | None:
    """The template to use: a text, or of several, as a list or by name, the one called "default".

    Parameters
    ----------
    template : str, list, mapping or None

    Raises
    ------
    ValueError
        None of them is called so.
    """
    template = _by_name(template)
    if not isinstance(template, dict):
        return template or None
    if template and _DEFAULT not in template:
        message = f"its files hold chat templates called {', '.join(sorted(template))}, and none called default"
        raise ValueError(message)
    return template.get(_DEFAULT)


def _by_name(template: Any) -> Any:
    """A list of several as a mapping; anything else as it is."""
    return {entry["name"]: entry["template"] for entry in template} if isinstance(template, list) else template


_TOOL = ToolDefinition(name="vlmkittool0x", description="Looks.")


@dataclass(eq=False)
class ChatTemplate:
    """A template, and what it was found to take.

    Attributes
    ----------
    render : callable (messages, tools or None, add_generation_prompt) -> str
        Raises what the template raises.
    marks : callable
        What a text holds in place of as many pictures, for templates that take nothing but text. An empty mark is one
        that the model's processor writes itself.
    """

    render: Callable[[list[dict[str, Any]], list[dict[str, Any]] | None, bool], str]
    marks: Callable[[int], Sequence[str]]
    _found: dict[Any, Way | str] = field(default_factory=dict)
    _takes_tools: bool | None = None

    @property
    def takes_tools(self) -> bool:
        """Whether the template shows tools; found by trying, once."""
        if self._takes_tools is None:
            try:
                self._way((Message.user("?"),), (_TOOL,))
                self._takes_tools = True
            except Refused:
                self._takes_tools = False
        return self._takes_tools

    def text(self, messages: Sequence[Message], tools: Sequence[ToolDefinition] = ()) -> str:
        """The finished prompt. Where an assistant's text is last, the model goes on behind it.

        Parameters
        ----------
        messages : sequence of Message
        tools : sequence of ToolDefinition, default ()

        Raises
        ------
        Refused
            The template has no room for such a conversation, no place for its pictures, or does not know tools.
        Exception
            Whatever the template raises about these very words.
        """
        return self._rendered(self._way(messages, tools), messages, tools)

    def _way(self, messages: Sequence[Message], tools: Sequence[ToolDefinition]) -> Way:
        shape = shape_of(messages, tools)
        way = self._found.get(shape)
        if way is None:
            stand_ins = [replace(_TOOL, name=f"vlmkittool{i}x") for i in range(len(tools))]
            way = self._found[shape] = self._find(in_unique_words(messages), stand_ins)
        if isinstance(way, str):
            raise Refused(way)
        return way

    def _rendered(self, way: Way, messages: Sequence[Message], tools: Sequence[ToolDefinition]) -> str:
        pictures = sum(len(message.pictures) for message in messages)
        goes_on = messages[-1].role == "assistant"
        shown = [_shown(tool) for tool in tools] or None
        text = self.render(way.render(messages, self.marks(pictures)), shown, not goes_on)
        return _cut_behind(text, messages[-1].text) if goes_on else text

    def _find(self, messages: Sequence[Message], tools: Sequence[ToolDefinition]) -> Way | str:
        faults: dict[str, None] = {}
        for way in ways_for(messages):
            try:
                fault = self._fault(way, messages, tools)
            except Refused:  # it takes too much, and would each time
                raise
            except Exception as error:  # noqa: BLE001  a template may break in any way over what it does not take
                fault = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
            if not fault:
                return way
            faults[fault] = None
        return (
            f"The model's own chat template does not take this conversation: {'; '.join(faults)}. "
            "Ask without a system prompt, examples, earlier turns or tools; if it still fails, name another model."
        )

    def _fault(self, way: Way, messages: Sequence[Message], tools: Sequence[ToolDefinition]) -> str:
        text = self._rendered(way, messages, tools)
        if not all(tool.name in text for tool in tools):
            return "it does not show tools"
        if not _shows(text, words_of(messages)):
            return "it does not show every text"
        if way.marks_questions and not any(self.marks(sum(len(message.pictures) for message in messages))):
            return ""
        for place, message in enumerate(messages):
            if message.pictures and self._rendered(way, with_fewer_pictures(messages, place), tools) == text:
                return "it has no place for every picture"
        return ""


def _shown(tool: ToolDefinition) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": json.loads(tool.parameters)}
    return {"type": "function", "function": function}


def _cut_behind(text: str, said: str) -> str:
    """A text up to the end of what was said last, without the marks that a template writes behind it."""
    for words in (said, said.strip()):
        if words and (place := text.rfind(words)) >= 0:
            return text[: place + len(words)]
    return text


def _shows(text: str, words: Sequence[str]) -> bool:
    """Whether words stand in a text in order, and not as parts of something printed."""
    place = 0
    for word in words:
        place = text.find(word, place)
        if place < 0 or re.search(rf"""['"](?:text|content)['"]\s*:\s*['"](?:{word})|'given': '{word}""", text):
            return False
        place += len(word)
    return True
