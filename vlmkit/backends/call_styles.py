"""How a checkpoint writes its calls of tools: told by its chat template, else by its vocabulary, never by its name.

Marks stand in the template that shows a model its tools, or among its special tokens. The rows are facts about the
families' templates; what can be read is in ``vlmkit.chat``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vlmkit.errors import BadSetting

__all__ = ["CALL_STYLES", "REASONING_MARKS", "CallMarkup", "begins_reasoning", "call_markup_of", "call_style_of"]

# Of each style, groups of marks, one of which is enough. The first style that fits is taken: those come first whose
# marks are theirs alone.
_MARKS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "harmony": (("<|channel|>", "<|call|>"),),
    "kimi": (("<|tool_calls_section_begin|>",),),
    "deepseek": (("<｜tool▁calls▁begin｜>",), ("<｜tool▁call▁begin｜>",), ("｜DSML｜",)),
    "minimax": (("<minimax:tool_call>",),),
    "gemma": (("<|tool_call>",), ("<start_function_call>",)),
    "glm": (("<arg_key>", "<arg_value>"),),
    "qwen3_coder": (("<function=", "<parameter="),),
    "pythonic": (
        ("<|tool_call_start|>",),
        ("<|tool_list_start|>",),
        ("<|python_start|>",),
        ("<function_calls>",),
    ),
    "mistral": (("[TOOL_CALLS]",),),
    "hermes": (("<tool_call>", "</tool_call>"),),
    "granite": (("<|start_of_role|>", "<|tool_call|>"), ("<function_call>",)),
    "phi": (("functools[",), ("<|tool_call|>",), ("<|tool|>",)),
    "llama": (("<|python_tag|>",),),
    "plain": (),
    "json": (),
    "auto": (),
}

_MOST_SPECIAL_TOKENS = 256
_MOST_TOKEN_CHARACTERS = 64

CALL_STYLES = tuple(_MARKS)
"""Names of all styles: ``"plain"`` is what `with_tool_lines` asks for, ``"json"`` an object alone, ``"auto"`` any."""

REASONING_MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<seed:think>", "</seed:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("[THINK]", "[/THINK]"),
    ("<|channel>thought\n", "<channel|>"),
)
"""Where reasoning begins and ends: Qwen, DeepSeek, GLM and most others; Seed; Command; Magistral; Gemma 4."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallMarkup:
    """What has to be known of a model in this process to read the calls in its answers.

    Attributes
    ----------
    style : str
        One of `CALL_STYLES`.
    special_tokens : tuple of (str, int), default ()
        Those of its vocabulary, and their ids: a grammar names them by these. Not all, where there are very many.
    begins_with_reasoning : bool, default False
        Whether its prompts end in the mark that begins reasoning, so that answers begin inside.
    """

    style: str
    special_tokens: tuple[tuple[str, int], ...] = ()
    begins_with_reasoning: bool = False


def call_style_of(template: str | None, special_tokens: Iterable[str] = (), setting: str | None = None) -> str:
    """Name of the style in which a model writes calls.

    Parameters
    ----------
    template : str or None
        Its chat template, that for tools where there is one apart.
    special_tokens : iterable of str, default ()
        Of its vocabulary.
    setting : str or None, default None
        What a person says it is; it decides.

    Returns
    -------
    str
        One of `CALL_STYLES`; ``"json"`` where nothing tells.

    Raises
    ------
    BadSetting
        An unknown style is asked for.

    Examples
    --------
    >>> call_style_of("{% for tool in tools %}…<tool_call>…</tool_call>")
    'hermes'
    """
    if setting is not None:
        if setting not in _MARKS:
            message = f"call style: unknown style {setting!r}. Give one of {', '.join(CALL_STYLES)}."
            raise BadSetting(message)
        return setting
    vocabulary = "\n".join(special_tokens)
    for text in (template or "", vocabulary):
        for style, groups in _MARKS.items():
            if any(all(mark in text for mark in group) for group in groups):
                return style
    return "json"


def begins_reasoning(prompt: str) -> bool:
    """Whether a finished prompt ends in a mark that begins reasoning.

    Parameters
    ----------
    prompt : str
    """
    return prompt.rstrip().endswith(tuple(opener.rstrip() for opener, _ in REASONING_MARKS))


def call_markup_of(template: str | None, special_tokens: Mapping[str, int], prompt: str) -> CallMarkup:
    """What has to be known of a model to read its calls.

    Parameters
    ----------
    template : str or None
        Its chat template, where that shows tools; None where a prompt's own lines do.
    special_tokens : mapping of str to int
        Of its vocabulary.
    prompt : str
        A finished one, of any question.
    """
    kept = [(token, number) for token, number in special_tokens.items() if not _is_spare(token)]
    return CallMarkup(
        style="plain" if template is None else call_style_of(template, special_tokens),
        special_tokens=tuple(kept[:_MOST_SPECIAL_TOKENS]),
        begins_with_reasoning=begins_reasoning(prompt),
    )


def _is_spare(token: str) -> bool:
    """Whether a token is one of the hundreds that families keep for later, or that stand for places in a picture."""
    return any(character.isdigit() for character in token) or len(token) > _MOST_TOKEN_CHARACTERS
