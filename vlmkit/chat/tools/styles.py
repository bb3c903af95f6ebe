"""The ways in which families of models write calls of tools: a table, one row each.

Sources are the families' chat templates and cards; see the readers for each form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

from vlmkit.chat.tools.harmony import HARMONY_OPENERS, read_harmony_end, read_harmony_message
from vlmkit.chat.tools.json_calls import read_json_calls, read_plain_call
from vlmkit.chat.tools.marked_calls import (
    read_deepseek_call,
    read_function_tag,
    read_gemma_call,
    read_kimi_call,
    read_mistral_calls,
)
from vlmkit.chat.tools.output import Output
from vlmkit.chat.tools.python_calls import read_python_calls
from vlmkit.chat.tools.source import Source, Steps
from vlmkit.chat.tools.tagged_calls import DSML, GLM, MINIMAX, QWEN_CODER, read_tagged_call

__all__ = ["TOOL_STYLES", "Reader", "ToolStyle"]

Reader = Callable[[Source, Output], Steps[bool]]
"""Reads what stands behind an opener; whether there was a call, or something else that is no text."""

_ENDS_OF_TURN = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|eot|>", "<|end|>", "</s>", "<|end_of_text|>")


@dataclass(frozen=True, kw_only=True)
class ToolStyle:
    """How a family writes calls.

    Attributes
    ----------
    name : str
    readers : mapping of str to tuple of callable
        By opener; the first reader that finds a call is right.
    closers : tuple of str, default ()
        What is no text where it stands behind a call.
    first : mapping of str to tuple of callable, default {}
        As `readers`, by how an answer begins that is a call without an opener; the reader reads this too.
    """

    name: str
    readers: Mapping[str, tuple[Reader, ...]] = field(default_factory=dict)
    closers: tuple[str, ...] = ()
    first: Mapping[str, tuple[Reader, ...]] = field(default_factory=dict)

    @cached_property
    def openers(self) -> tuple[str, ...]:
        """The longest first, so that none hides another."""
        return tuple(sorted(self.readers, key=len, reverse=True))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds the next opener."""
        return re.compile("|".join(map(re.escape, self.openers)) or r"(?!)")

    @cached_property
    def all_closers(self) -> tuple[str, ...]:
        """`closers`, and what ends a turn in one family or another."""
        return tuple(sorted({*self.closers, *_ENDS_OF_TURN}, key=len, reverse=True))


_QWEN_CALL = partial(read_tagged_call, tags=QWEN_CODER)
_QWEN_FUNCTION = partial(read_tagged_call, tags=QWEN_CODER, at_name=True)
_GLM_CALL = partial(read_tagged_call, tags=GLM)
_MINIMAX_CALL = partial(read_tagged_call, tags=MINIMAX)
_MINIMAX_INVOKE = partial(read_tagged_call, tags=MINIMAX, at_name=True)
_DSML_CALL = partial(read_tagged_call, tags=DSML)
_DSML_INVOKE = partial(read_tagged_call, tags=DSML, at_name=True)
_LIST = partial(read_json_calls, in_list=True)
_JSON_FIRST = {"{": (read_json_calls,), "[": (read_json_calls,), "```": (read_json_calls,)}

_ROWS = (
    ToolStyle(name="hermes", readers={"<tool_call>": (read_json_calls,)}, closers=("</tool_call>",)),
    ToolStyle(
        name="qwen3_coder",
        readers={"<tool_call>": (_QWEN_CALL, read_json_calls), "<function=": (_QWEN_FUNCTION,)},
        closers=("</parameter>", "</function>", "</tool_call>"),
    ),
    ToolStyle(
        name="llama",
        readers={"<|python_tag|>": (read_json_calls, read_python_calls), "<function=": (read_function_tag,)},
        closers=("</function>", ";", "<|python_tag|>"),
        first={"{": (read_json_calls,), "[": (read_json_calls,)},
    ),
    ToolStyle(
        name="pythonic",
        readers={
            "<|tool_call_start|>": (read_python_calls,),
            "<|python_start|>": (read_python_calls,),
            "<|python_tag|>": (read_python_calls,),
            "<function_calls>": (read_python_calls,),
        },
        closers=("<|tool_call_end|>", "<|python_end|>", "</function_calls>"),
        first={"[": (read_python_calls,)},
    ),
    ToolStyle(name="mistral", readers={"[TOOL_CALLS]": (read_mistral_calls,)}, closers=("[/TOOL_CALLS]",)),
    ToolStyle(
        name="gemma",
        readers={"<|tool_call>": (read_gemma_call,), "<start_function_call>": (read_gemma_call,)},
        closers=("<tool_call|>", "<end_function_call>", "<|tool_response>", "<end_of_turn>", "<turn|>"),
    ),
    ToolStyle(
        name="glm", readers={"<tool_call>": (_GLM_CALL, read_json_calls)}, closers=("</tool_call>", "<|observation|>")
    ),
    ToolStyle(
        name="deepseek",
        readers={
            "<｜tool▁calls▁begin｜>": (read_deepseek_call,),
            "<｜tool▁call▁begin｜>": (read_deepseek_call,),
            "<｜DSML｜function_calls>": (_DSML_CALL,),
            '<｜DSML｜invoke name="': (_DSML_INVOKE,),
        },
        closers=(
            "<｜tool▁call▁end｜>",
            "<｜tool▁calls▁end｜>",
            "<｜end▁of▁sentence｜>",
            "</｜DSML｜invoke>",
            "</｜DSML｜function_calls>",
        ),
    ),
    ToolStyle(
        name="phi",
        readers={"functools[": (_LIST,), "<|tool_call|>": (read_json_calls,), "<|tool_calls|>": (read_json_calls,)},
        closers=("<|/tool_call|>", "<|/tool_calls|>"),
    ),
    ToolStyle(
        name="granite",
        readers={
            "<|tool_call|>": (read_json_calls,),
            "<tool_call>": (read_json_calls,),
            "<function_call>": (read_json_calls,),
        },
        closers=("</tool_call>", "<|/tool_call|>", "</function_call>"),
    ),
    ToolStyle(
        name="kimi",
        readers={"<|tool_calls_section_begin|>": (read_kimi_call,), "<|tool_call_begin|>": (read_kimi_call,)},
        closers=("<|tool_call_end|>", "<|tool_calls_section_end|>"),
    ),
    ToolStyle(
        name="minimax",
        readers={"<minimax:tool_call>": (_MINIMAX_CALL,), '<invoke name="': (_MINIMAX_INVOKE,)},
        closers=("</invoke>", "</minimax:tool_call>"),
    ),
    ToolStyle(
        name="harmony",
        readers=dict.fromkeys(HARMONY_OPENERS, (read_harmony_message,))
        | dict.fromkeys(("<|end|>", "<|return|>"), (read_harmony_end,)),
        closers=("<|call|>", "<|return|>"),
        first={"to=": (read_harmony_message,)},
    ),
    ToolStyle(name="plain", first=dict.fromkeys(_JSON_FIRST, (read_plain_call,))),
    ToolStyle(name="json", first=_JSON_FIRST),
)


def _auto() -> ToolStyle:
    """Every form there is: where forms share an opener, each is tried."""
    readers: dict[str, tuple[Reader, ...]] = {}
    first: dict[str, tuple[Reader, ...]] = {}
    for style in _ROWS:
        if style.name == "plain":  # what it adds is right only where the prompt asked for it
            continue
        for merged, more in ((readers, style.readers), (first, style.first)):
            for opener, each in more.items():
                known = merged.get(opener, ())
                merged[opener] = (*known, *(reader for reader in each if reader not in known))
    closers = {closer: None for style in _ROWS for closer in style.closers}
    return ToolStyle(name="auto", readers=readers, closers=tuple(closers), first=first)


TOOL_STYLES: Mapping[str, ToolStyle] = {style.name: style for style in (*_ROWS, _auto())}
"""By name."""
