"""A glass box: one question with everything a model was given, and how sure it was of each piece of its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any, TypedDict, Unpack

import pandas as pd

from vlmkit import settings
from vlmkit.backends import Backend, Insight, borrow
from vlmkit.errors import BadSetting
from vlmkit.frame import ModelPicker, check_options, float_array, text_array
from vlmkit.records import Ask, Reply, Token, one_question
from vlmkit.sources import decode, draw_grid, normalize, refer
from vlmkit.views.markup import Markup, escape, picture_element, table_element

__all__ = ["Explanation", "explain"]

_MOST_ALTERNATIVES = 10
_SHOWN_WIDTH_PX = 320
_END = "⟨end⟩"
_BAR_DECADES = 4


class ExplainOptions(TypedDict, total=False):
    """How the answer is asked for; fields as in `vlmkit.frame.options.AskOptions`."""

    model: str | Backend | ModelPicker | None
    timeout_s: float | None
    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float
    frequency_penalty: float
    presence_penalty: float
    max_tokens: int
    stop: str | list[str] | tuple[str, ...]
    seed: int


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a model was given, and what it made of it.

    Attributes
    ----------
    model : str
    messages : list of dict
        What was said, as role and content; pictures as their sizes.
    prompt : str or None
        The finished text, with the model's own markers and a place for each piece of the picture. None where a server
        makes it out of the messages and keeps it to itself; so are the next three.
    prompt_tokens : int or None
    image_tokens : int or None
        How many of them stand for the picture.
    patch_px : int or None
        Side of the squares that the picture is cut into.
    text : str
        The answer.
    tokens : tuple of Token
        Its pieces; none where the model does not tell.
    finish_reason : str
    picture : PIL.Image.Image
        As the model got it, with lines between its patches, and thicker ones between tokens where one token stands for
        several patches; as it was sent, where only a server knows more.
    """

    model: str
    messages: list[dict[str, Any]]
    prompt: str | None = None
    prompt_tokens: int | None = None
    image_tokens: int | None = None
    patch_px: int | None = None
    text: str
    tokens: tuple[Token, ...] = ()
    finish_reason: str
    picture: Any = field(repr=False)

    def __repr__(self) -> str:
        return f"Explanation({self.text!r} by {self.model}, {len(self.tokens)} tokens)"

    @property
    def frame(self) -> pd.DataFrame:
        """One row per token: token, probability, and each runner-up with its own."""
        most = max((len(token.alternatives) for token in self.tokens), default=0)
        columns = {
            "token": text_array([token.text for token in self.tokens]),
            "probability": float_array([token.probability for token in self.tokens]),
        }
        for place in range(most):
            others = [_runner_up(token, place) for token in self.tokens]
            columns[f"runner_up_{place + 1}"] = text_array([text for text, _ in others])
            columns[f"probability_{place + 1}"] = float_array([probability for _, probability in others])
        return pd.DataFrame(columns)

    def _repr_html_(self) -> str:
        buffer = BytesIO()
        self.picture.save(buffer, "PNG")
        width, height = self.picture.size
        shown_px = min(width, _SHOWN_WIDTH_PX)
        picture = picture_element(
            buffer.getvalue(),
            "image/png",
            label="the picture as the model gets it",
            width=shown_px,
            height=height * shown_px // width,
        )
        said = "".join(_block(message["role"], _content(message)) for message in self.messages)
        parts = [
            f"<h4>What {escape(self.model)} is given</h4>{picture}<p>{escape(self._facts())}</p>{said}",
            _block("the finished prompt", self.prompt) if self.prompt is not None else "",
            f"<h4>What it answers</h4><p>{self._tokens_as_html() or escape(self.text)}</p>",
            self._table() if self.tokens else "<p>This model does not tell probabilities.</p>",
        ]
        return f"<div>{''.join(parts)}</div>"

    def _facts(self) -> str:
        patches = f"patches of {self.patch_px} × {self.patch_px} pixels" if self.patch_px else ""
        image = f"{self.image_tokens} tokens for the picture" if self.image_tokens is not None else ""
        prompt = f"{self.prompt_tokens} tokens in all" if self.prompt_tokens is not None else ""
        return ", ".join(filter(None, [patches, image, prompt]))

    def _tokens_as_html(self) -> str:
        """The answer; the less likely a token was, the darker its ground. Pointed at, it tells its runners-up."""
        return "".join(
            f'<span title="{escape(_choice(token))}" style="white-space:pre-wrap;'
            f'background:hsl(35 90% 50% / {_doubt(token.probability):.2f})">{escape(token.text)}</span>'
            for token in self.tokens
        )

    def _table(self) -> Markup:
        frame = self.frame
        rows = [
            [_bar(cell) if isinstance(cell, float) else _visible_space(cell) for cell in row]
            for row in frame.itertuples(index=False)
        ]
        return table_element(
            [label.replace("_", " ") for label in frame.columns],
            rows,
            caption="Bars are logarithmic: a tenth of the probability is a quarter less bar.",
        )


def _runner_up(token: Token, place: int) -> tuple[str, float] | tuple[None, None]:
    """Text and probability of one of the tokens that were not chosen; nothing where there are not as many."""
    if place >= len(token.alternatives):
        return None, None
    text, probability = token.alternatives[place]
    return text or _END, probability


def _percent(probability: float) -> str:
    """A probability in words that never claim certainty: from ``<0.1 %`` to ``>99.9 %``.

    Parameters
    ----------
    probability : float
        0 to 1.
    """
    if probability < 0.001:
        return "<0.1 %"
    return ">99.9 %" if probability > 0.999 else f"{probability:.1%}".replace("%", " %")


def _doubt(probability: float) -> float:
    """How strongly a token is shaded, 0 to 0.8: by the information that it brings, all of it at one in a hundred."""
    return 0.8 * min(1.0, max(0.0, -math.log10(max(probability, 1e-9)) / 2))


def _choice(token: Token) -> str:
    """What a token was chosen from, in one line."""
    others = [f"{_visible_space(text) or _END} {_percent(probability)}" for text, probability in token.alternatives]
    return " · ".join([_percent(token.probability), *others])


def _bar(probability: float) -> Markup | str:
    if math.isnan(probability):
        return ""
    share = max(0.0, 1 + math.log10(max(probability, 1e-9)) / _BAR_DECADES)
    bar = f'<div style="height:3px;width:{100 * share:.0f}%;background:hsl(210 70% 50%)"></div>'
    return Markup(f"{escape(_percent(probability))}{bar}")


def explain(
    image: Any,
    prompt: str,
    *,
    system: str | None = None,
    alternatives: int = 3,
    **options: Unpack[ExplainOptions],
) -> Explanation:
    """Ask one question about one image, and show everything on the way; nothing is stored.

    Parameters
    ----------
    image : path, bytes or PIL image
    prompt : str
    system : str or None, default None
    alternatives : int, default 3
        Runners-up for each token of the answer, at most 10.
    **options
        model, timeout_s and how tokens are chosen, as for `describe`.

    Returns
    -------
    Explanation
        Messages, finished prompt, picture with its patches, tokens with probabilities; shows itself in a notebook.

    Raises
    ------
    SetupError
        No or an unknown model, or an option it does not take.
    RunError
        The image cannot be read, or the model did not answer.
    """
    parsed = check_options(options, ExplainOptions)  # type: ignore[arg-type]  # a part of AskOptions
    if not 0 <= alternatives <= _MOST_ALTERNATIVES:
        raise BadSetting(f"alternatives={alternatives!r}: give a whole number from 0 to {_MOST_ALTERNATIVES}.")
    ask = Ask(messages=one_question(prompt, system=system), sampling=parsed.sampling, timeout_s=parsed.timeout_s)
    if isinstance(parsed.model, Backend):
        return _explained(parsed.model, image, ask, alternatives)
    with borrow(settings.require_model(parsed.model)) as backend:
        return _explained(backend, image, ask, alternatives)


def _explained(backend: Backend, image: Any, ask: Ask, alternatives: int) -> Explanation:
    abilities = backend.abilities
    picture = normalize(refer(image), abilities.longest_side_px, lossless=abilities.lossless)
    tells = abilities.token_probabilities
    ask = replace(
        ask,
        messages=one_question(ask.prompt, [picture], system=ask.system),
        token_probabilities=tells,
        alternatives=alternatives if tells else 0,
    )
    reply = _result(backend.submit(ask))
    look = getattr(backend, "look_inside", None)
    inside: Insight | None = look(ask) if look else None
    tiles = [(tile.width, tile.height, tile.data) for tile in inside.tiles] if inside else []
    outside = Explanation(
        model=backend.model,
        messages=_messages(ask),
        prompt_tokens=reply.usage.prompt_tokens,
        text=reply.text,
        tokens=reply.tokens or (),
        finish_reason=reply.finish_reason,
        picture=draw_grid(tiles, inside.patch_px, inside.token_px) if inside and tiles else decode(picture),
    )
    if inside is None:
        return outside
    return replace(
        outside,
        prompt=inside.text,
        prompt_tokens=inside.prompt_tokens,
        image_tokens=inside.image_tokens,
        patch_px=inside.patch_px,
    )


def _messages(ask: Ask) -> list[dict[str, Any]]:
    system: list[dict[str, Any]] = [{"role": "system", "content": ask.system}] if ask.system else []
    pictures = [{"type": "image", "width": picture.width, "height": picture.height} for picture in ask.pictures]
    return [*system, {"role": "user", "content": [*pictures, {"type": "text", "text": ask.prompt}]}]


def _result(future: Future[Reply]) -> Reply:
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _block(title: str, text: str) -> str:
    return f'<p><b>{escape(title)}</b></p><pre style="white-space:pre-wrap">{escape(text)}</pre>'


def _content(message: Mapping[str, Any]) -> str:
    content: str | list[dict[str, Any]] = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", f"⟨picture {part.get('width')} × {part.get('height')}⟩") for part in content)


def _visible_space(cell: Any) -> str:
    return "" if pd.isna(cell) else str(cell).replace(" ", "␣").replace("\n", "↵")
