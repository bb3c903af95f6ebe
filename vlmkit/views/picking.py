"""Choosing a model by what it can do: everything usable from here, tried on one picture, and then in force."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from vlmkit import settings
from vlmkit.backends import FoundModel, borrow, engine_of, find_models, loaded_models, parse
from vlmkit.errors import MissingExtra
from vlmkit.extras import open_by_name
from vlmkit.memory import available_bytes
from vlmkit.records import Ask, Sampling, one_question
from vlmkit.sources import normalize, refer

__all__ = ["Choice", "Picker", "Trial", "pick_model"]

_PROMPT = "Describe this image."
_MOST_TOKENS = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A model that can be chosen.

    Attributes
    ----------
    name : str
        What to give as ``model=``.
    engine : str
    sees_pictures : bool or None
        None where the engine does not say.
    loaded : bool or None
    size_bytes : int or None
        Of its weights, where they are kept.
    memory_bytes : int or None
        About what it takes in this process; None for a model that a server has.
    fits : bool or None
        Whether that is free; None where it cannot be said.
    quantization : str or None
    context : int or None
        Tokens of prompt and answer together.
    source : str
    """

    name: str
    engine: str
    sees_pictures: bool | None = None
    loaded: bool | None = None
    size_bytes: int | None = None
    memory_bytes: int | None = None
    fits: bool | None = None
    quantization: str | None = None
    context: int | None = None
    source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What a model has said to one picture until now.

    Attributes
    ----------
    text : str
    seconds : float
        Since it was asked; loading the model came before.
    is_finished : bool
    """

    text: str
    seconds: float
    is_finished: bool = False


class Picker:
    """Models to choose from; made by ``vk.pick_model``, shows itself in a notebook, and is a model once one is chosen.

    Parameters
    ----------
    timeout_s : float, default 2.0
        Longest time for each server to list its models.

    Attributes
    ----------
    choices : list of Choice
        Grouped by engine; within a group models that see pictures first, then loaded ones.
    problems : list of str
        Engines that could not be asked, and models that cannot be loaded, each with its reason.
    model : str or None
        The one that was chosen.
    free_bytes : int or None
        Memory that is free for a model in this process.
    """

    def __init__(self, *, timeout_s: float = 2.0) -> None:
        self.model: str | None = None
        self.choices: list[Choice] = []
        self.problems: list[str] = []
        self.free_bytes: int | None = None
        self._timeout_s = timeout_s
        self.refresh(again=False)

    def __repr__(self) -> str:
        chosen = f"{self.model!r} chosen" if self.model else "nothing chosen"
        return f"<Picker: {len(self.choices)} models, {chosen}>"

    def refresh(self, *, again: bool = True) -> None:
        """Look for models.

        Parameters
        ----------
        again : bool, default True
            Also where an answer is less than a minute old.
        """
        found = find_models(refresh=again, timeout_s=self._timeout_s)
        self.free_bytes = available_bytes()
        here = loaded_models()
        usable = [model for model in found if model.name is not None and model.error is None]
        order = list(dict.fromkeys(model.engine for model in found))  # as the engines stand in their table
        self.choices = [self._choice(model, here) for model in sorted(usable, key=partial(_rank, order))]
        self.problems = [
            f"{model.engine}: {f'{model.name}: ' if model.name else ''}{model.error}" for model in found if model.error
        ]

    def matching(self, text: str) -> list[Choice]:
        """Choices in which every word of a text occurs: in name, engine, quantization or place.

        Parameters
        ----------
        text : str
        """
        words = text.lower().split()
        return [
            choice
            for choice in self.choices
            if all(
                word in f"{choice.engine} {choice.name} {choice.quantization} {choice.source}".lower() for word in words
            )
        ]

    def choose(self, name: str) -> None:
        """Choose a model, for this session too: as ``vk.use(model=name)``.

        Parameters
        ----------
        name : str
            Of one of the choices, or of any other model.

        Raises
        ------
        SetupError
            The name means nothing.
        """
        parse(name)
        settings.use(model=name)
        self.model = name

    def attempt(self, name: str, image: Any = None, prompt: str = _PROMPT) -> Iterator[Trial]:
        """Ask one model about one picture; closing the iterator ends it.

        Parameters
        ----------
        name : str
        image : path, bytes or PIL image, or None
            None is a drawn scene.
        prompt : str

        Yields
        ------
        Trial
            With each piece of text, and finished at the end.

        Raises
        ------
        SetupError
            The model cannot be opened.
        RunError
            The picture cannot be read, or the model did not answer.
        """
        with borrow(name) as backend:
            shown, abilities = refer(_scene() if image is None else image), backend.abilities
            picture = normalize(shown, abilities.longest_side_px, lossless=abilities.lossless)
            ask = Ask(messages=one_question(prompt, (picture,)), sampling=Sampling(max_tokens=_MOST_TOKENS))
            start_s, text = time.monotonic(), ""
            for delta in backend.stream(ask):
                text = delta.reply.text if delta.reply else text + delta.text
                yield Trial(text=text, seconds=time.monotonic() - start_s, is_finished=delta.reply is not None)

    def _ipython_display_(self) -> None:
        try:
            open_by_name("vlmkit.widgets.picker:show")(self)
        except MissingExtra as error:
            print(f"{self!r}\n{error}")  # noqa: T201  what a notebook shows of an object without a widget

    def _choice(self, model: FoundModel, here: set[str]) -> Choice:
        is_here = engine_of(model.engine).in_process
        name = str(model.name)
        needed, free = model.memory_bytes, self.free_bytes
        loaded = str(parse(name)) in here if is_here else model.loaded
        return Choice(
            name=name,
            engine=model.engine,
            sees_pictures=model.sees_pictures,
            loaded=loaded,
            size_bytes=model.size_bytes,
            memory_bytes=needed,
            fits=None if needed is None or free is None else bool(loaded) or needed <= free,
            quantization=model.quantization,
            context=model.context,
            source=model.source,
        )


def pick_model(*, timeout_s: float = 2.0) -> Picker:
    """Choose a model from everything that can be used from here.

    In a notebook, as the last line of a cell, it shows itself: models by engine, a filter, a trial on one picture, a
    button that chooses. Elsewhere, `Picker.choices`, `Picker.attempt` and `Picker.choose` are the same.

    Parameters
    ----------
    timeout_s : float, default 2.0
        Longest time for each server to list its models.

    Returns
    -------
    Picker
        Can be given as ``model=`` once a model is chosen.
    """
    return Picker(timeout_s=timeout_s)


def _rank(engines: Sequence[str], model: FoundModel) -> tuple[int, int, bool, str]:
    sees = (True, None, False).index(model.sees_pictures)
    return engines.index(model.engine), sees, not model.loaded, str(model.name)


def _scene() -> Any:
    return open_by_name("vlmkit.tiny.scenes:make")(7).draw()
