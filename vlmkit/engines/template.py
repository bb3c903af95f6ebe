"""A checkpoint's own chat template, and the way to put a conversation into it.

Templates differ in what they take: parts or plain text, a system role or none, a picture as a part or as a mark in the
text. Nothing declares it, so it is tried: each way is rendered with words that occur nowhere else, and the first that
shows every word in order and a place for every picture is taken.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vlmkit.engines import checkpoint_files
from vlmkit.errors import Refused

__all__ = ["ChatTemplate", "Conversation", "Said", "one_template", "own_template"]

_DEFAULT = "default"


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
    if isinstance(template, list):
        template = {entry["name"]: entry["template"] for entry in template}
    if not isinstance(template, dict):
        return template or None
    if template and _DEFAULT not in template:
        message = f"its files hold chat templates called {', '.join(sorted(template))}, and none called default"
        raise ValueError(message)
    return template.get(_DEFAULT)


@dataclass(frozen=True, slots=True)
class Said:
    """What a user says.

    Attributes
    ----------
    text : str
    images : int
        Pictures shown with it, which come before the text.
    """

    text: str
    images: int = 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is asked, and what was said before.

    Attributes
    ----------
    questions : tuple of Said
        The last one is to be answered.
    answers : tuple of str
        To each question but the last.
    system : str or None
    """

    questions: tuple[Said, ...]
    answers: tuple[str, ...] = ()
    system: str | None = None

    @property
    def shape(self) -> tuple[bool, tuple[int, ...]]:
        """What a template can tell apart, whatever the words."""
        return self.system is not None, tuple(said.images for said in self.questions)

    @property
    def images(self) -> int:
        """Pictures of all questions."""
        return sum(said.images for said in self.questions)

    @property
    def words(self) -> list[str]:
        """All texts in order."""
        asked = (said.text for said in self.questions)
        said = [word for pair in itertools.zip_longest(asked, self.answers) for word in pair if word is not None]
        return said if self.system is None else [self.system, *said]

    def messages(self) -> list[dict[str, Any]]:
        """As most templates take them."""
        return _Way(_parts, _plain, _plain).messages(self, [""] * self.images)

    def marked(self) -> Conversation:
        """The same shape, said in words that occur nowhere else."""
        return Conversation(
            questions=tuple(Said(f"vlmkitasks{i}x", said.images) for i, said in enumerate(self.questions)),
            answers=tuple(f"vlmkitsays{i}x" for i in range(len(self.answers))),
            system=None if self.system is None else "vlmkitrules0x",
        )

    def with_fewer_images(self, place: int) -> Conversation:
        """The same with one picture less in a question."""
        questions = list(self.questions)
        questions[place] = replace(questions[place], images=questions[place].images - 1)
        return replace(self, questions=tuple(questions))

    def with_system_in_question(self) -> Conversation:
        """The same with the system text at the head of the first question."""
        first, *rest = self.questions
        merged = replace(first, text=f"{self.system}\n\n{first.text}")
        return replace(self, questions=(merged, *rest), system=None)


# Text and the marks of its pictures, as the content of a message.
_Content = Callable[[str, Sequence[str]], Any]


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _parts(text: str, marks: Sequence[str]) -> list[dict[str, Any]]:
    return [*({"type": "image"} for _ in marks), _text_part(text)]


def _url_parts(text: str, marks: Sequence[str]) -> list[dict[str, Any]]:
    return [*({"type": "image_url", "image_url": {"url": ""}} for _ in marks), _text_part(text)]


def _content_parts(text: str, marks: Sequence[str]) -> list[dict[str, Any]]:
    return [*({"type": "image"} for _ in marks), _text_part(text) | {"content": text}]


def _plain(text: str, marks: Sequence[str]) -> str:
    return "".join(marks) + text


def _plain_part(text: str, marks: Sequence[str]) -> list[dict[str, Any]]:
    return [_text_part(_plain(text, marks))]


_QUESTIONS: tuple[_Content, ...] = (_parts, _url_parts, _content_parts, _plain, _plain_part)
_OTHERS: tuple[_Content, ...] = (_parts, _content_parts, _plain)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a conversation becomes messages; no way for the system text is the head of the first question."""

    question: _Content
    answer: _Content
    system: _Content | None

    def messages(self, conversation: Conversation, marks: Sequence[str]) -> list[dict[str, Any]]:
        messages = []
        if conversation.system is not None and self.system is None:
            conversation = conversation.with_system_in_question()
        elif conversation.system is not None and self.system is not None:
            messages.append({"role": "system", "content": self.system(conversation.system, ())})
        unused = iter(marks)
        for said, answer in itertools.zip_longest(conversation.questions, conversation.answers):
            shown = tuple(itertools.islice(unused, said.images))
            messages.append({"role": "user", "content": self.question(said.text, shown)})
            if answer is not None:
                messages.append({"role": "assistant", "content": self.answer(answer, ())})
        return messages


def _ways(conversation: Conversation) -> Iterator[_Way]:
    answers: tuple[_Content, ...] = _OTHERS if conversation.answers else (_plain,)
    systems: tuple[_Content | None, ...] = (None,) if conversation.system is None else (*_OTHERS, None)
    for question, system, answer in itertools.product(_QUESTIONS, systems, answers):
        yield _Way(question, answer, system)


@dataclass(eq=False)
class ChatTemplate:
    """A template, and what it was found to take.

    Attributes
    ----------
    render : callable
        Text of messages; raises what the template raises.
    marks : callable
        What a text holds in place of as many pictures, for templates that take nothing but text. An empty mark is one
        that the model's processor writes itself.
    """

    render: Callable[[list[dict[str, Any]]], str]
    marks: Callable[[int], Sequence[str]]
    _found: dict[Any, _Way] = field(default_factory=dict)

    def text(self, conversation: Conversation) -> str:
        """The finished prompt.

        Raises
        ------
        Refused
            The template has no room for such a conversation, or no place for its pictures.
        Exception
            Whatever the template raises about these very words.
        """
        way = self._found.get(conversation.shape)
        if way is None:
            way = self._found[conversation.shape] = self._find(conversation.marked())
        return self._rendered(way, conversation)

    def _rendered(self, way: _Way, conversation: Conversation) -> str:
        return self.render(way.messages(conversation, self.marks(conversation.images)))

    def _find(self, conversation: Conversation) -> _Way:
        faults: dict[str, None] = {}
        for way in _ways(conversation):
            try:
                fault = self._fault(way, conversation)
            except Refused:  # it takes too much, and would each time
                raise
            except Exception as error:  # noqa: BLE001  a template may break in any way over what it does not take
                fault = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
            if not fault:
                return way
            faults[fault] = None
        message = (
            f"The model's own chat template does not take this conversation: {'; '.join(faults)}. "
            "Ask without a system prompt, examples or earlier turns; if it still fails, name another model."
        )
        raise Refused(message)

    def _fault(self, way: _Way, conversation: Conversation) -> str:
        text = self._rendered(way, conversation)
        if not _shows(text, conversation.words):
            return "it does not show every text"
        if way.question in (_plain, _plain_part) and not any(self.marks(conversation.images)):
            return ""
        for place, said in enumerate(conversation.questions):
            if said.images and self._rendered(way, conversation.with_fewer_images(place)) == text:
                return "it has no place for every picture"
        return ""


def _shows(text: str, words: Sequence[str]) -> bool:
    """Whether words stand in a text in order, and not as parts of something printed."""
    place = 0
    for word in words:
        place = text.find(word, place)
        if place < 0 or re.search(rf"""['"](?:text|content)['"]\s*:\s*['"](?:{word})""", text):
            return False
        place += len(word)
    return True
