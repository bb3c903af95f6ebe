"""What holds a model to calls: a grammar in which every answer is a call of a declared tool with arguments that fit.

Written in llguidance's Lark, in each family's own form, as a model writes best what it was trained to write. A mark
that is one special token of the vocabulary is named by its id: spelled out in plain pieces it would be something else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vlmkit.backends import DIRECT_ANSWER, CallMarkup
from vlmkit.chat.tools.argument_rules import ARGUMENT_RULES, FREE_PARTS, Rules, as_pattern
from vlmkit.chat.tools.styles import TOOL_STYLES
from vlmkit.records import Constraint, ToolDefinition

__all__ = ["constraint_for"]

_ID, _NUMBER = FREE_PARTS
_END_OF_REASONING = "</think>"
_TEXT = "TEXT: /(?s:.*)/"
_BRACKETS = frozenset("{[")
_FENCED = r"```\w*\s*[\[{]"  # other code may be shown


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """How a family writes calls: marks around all of them, and around the arguments of each.

    Attributes
    ----------
    head, tail : str
        Around the arguments; ``NAME`` in the head is the tool's.
    first, last : str, default ""
        Around all calls.
    between : str or None, default None
        Between two calls; None allows one.
    opener : str, default ""
        What begins calls in a text and means nothing else: behind it they can be enforced.
    needs : str, default ""
        Special token without which a vocabulary has another form.
    arguments : str, default "json"
        Which of `ARGUMENT_RULES` writes the arguments.
    """

    head: str
    tail: str
    first: str = ""
    last: str = ""
    between: str | None = None
    opener: str = ""
    needs: str = ""
    arguments: str = "json"


_OBJECT = '{"name": "NAME", "arguments": '
_LISTED: dict[str, Any] = {"head": _OBJECT, "tail": "}", "between": ", "}
_SEP = "<｜tool▁sep｜>"
_KIMI = f"<|tool_call_begin|>functions.NAME:{_NUMBER}<|tool_call_argument_begin|>"
_HARMONY = "<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>"
_PYTHON: dict[str, Any] = {"head": "NAME(", "tail": ")", "between": ", ", "arguments": "pythonic"}

_FORMS: Mapping[str, tuple[_Form, ...]] = {
    "hermes": (_Form(head=f"<tool_call>\n{_OBJECT}", tail="}\n</tool_call>", between="\n", opener="<tool_call>"),),
    "qwen3_coder": (
        _Form(
            head="<tool_call>\n<function=NAME>\n",
            tail="</function>\n</tool_call>",
            between="\n",
            opener="<tool_call>",
            arguments="qwen3_coder",
        ),
    ),
    "glm": (_Form(head="<tool_call>NAME\n", tail="</tool_call>", between="\n", opener="<tool_call>", arguments="glm"),),
    "minimax": (
        _Form(
            first="<minimax:tool_call>\n",
            head='<invoke name="NAME">\n',
            tail="</invoke>\n",
            last="</minimax:tool_call>",
            between="",
            opener="<minimax:tool_call>",
            arguments="minimax",
        ),
    ),
    "gemma": (
        _Form(
            head="<|tool_call>call:NAME{", tail="}<tool_call|>", between="", opener="<|tool_call>", arguments="gemma"
        ),
    ),
    "pythonic": (
        _Form(
            first="<|tool_call_start|>[",
            last="]<|tool_call_end|>",
            opener="<|tool_call_start|>",
            needs="<|tool_call_start|>",
            **_PYTHON,
        ),
        _Form(first="[", last="]", **_PYTHON),
    ),
    "llama": (_Form(head='{"name": "NAME", "parameters": ', tail="}", between="; "),),
    "mistral": (
        _Form(head=f"[TOOL_CALLS]NAME{_ID}[ARGS]", tail="", between="", opener="[TOOL_CALLS]", needs="[ARGS]"),
        _Form(first="[TOOL_CALLS] [", last="]", opener="[TOOL_CALLS]", **_LISTED),
    ),
    "deepseek": (
        _Form(
            first="<｜tool▁calls▁begin｜>",
            head=f"<｜tool▁call▁begin｜>NAME{_SEP}",
            tail="<｜tool▁call▁end｜>",
            last="<｜tool▁calls▁end｜>",
            between="",
            opener="<｜tool▁calls▁begin｜>",
        ),
    ),
    "phi": (
        _Form(first="<|tool_call|>[", last="]<|/tool_call|>", opener="<|tool_call|>", needs="<|tool_call|>", **_LISTED),
        _Form(first="functools[", last="]", **_LISTED),
    ),
    "granite": (_Form(first="<|tool_call|>[", last="]", opener="<|tool_call|>", **_LISTED),),
    "kimi": (
        _Form(
            first="<|tool_calls_section_begin|>",
            head=_KIMI,
            tail="<|tool_call_end|>",
            last="<|tool_calls_section_end|>",
            between="",
            opener="<|tool_calls_section_begin|>",
        ),
    ),
    "harmony": (_Form(head=_HARMONY, tail=""),),
    "plain": (_Form(head=_OBJECT, tail="}"),),
    "json": (_Form(head=_OBJECT, tail="}"),),
}


def constraint_for(
    markup: CallMarkup,
    tools: Sequence[ToolDefinition],
    tool_choice: str = "auto",
    *,
    parallel: bool = True,
    strict: bool = False,
) -> Constraint | None:
    """A grammar for an answer with calls, in the form of a family.

    Where a call must be made, all of the answer is calls, behind the reasoning if the prompt began that. Where the
    model decides, text is free, and what stands behind the mark that begins a call is one. A form without such a mark
    has calls at the beginning of an answer alone: where `strict` wants them held to their schema all the same, and in
    the style "plain", an answer is calls, or does not begin like one.

    Parameters
    ----------
    markup : CallMarkup
        Of the model; styles "auto" and "json" are enforced alike.
    tools : sequence of ToolDefinition
    tool_choice : str, default "auto"
        As `Ask.tool_choice`.
    parallel : bool, default True
        Whether there may be several calls. If not, the answer ends behind the first.
    strict : bool, default False
        Whether arguments must fit also where the model decides.

    Returns
    -------
    Constraint or None
        None where there is nothing to enforce: no tools, no call wanted, a form without a mark of its own while the
        model decides and nothing is strict (but for "plain"), or a schema that this form cannot say.
    """
    is_forced = tool_choice not in {"auto", "none"}
    offered = [tool for tool in tools if tool_choice in {"auto", "required", tool.name}]
    form = _form_of(markup, is_forced=is_forced) if offered else None
    if form is None:
        is_held = strict or markup.style == "plain"  # whose prompt is ours: what looks like a call is meant as one
        return _constraint_at_beginning(markup, offered, parallel=parallel) if is_held else None
    grammar = _Grammar(markup, form if is_forced else _behind_opener(form))
    calls = grammar.calls(offered, several=parallel and tool_choice in {"auto", "required"})
    if calls is None:
        return None
    return grammar.whole(grammar.forced(calls) if is_forced else grammar.free(form.opener, calls, several=parallel))


def _constraint_at_beginning(
    markup: CallMarkup, tools: Sequence[ToolDefinition], *, parallel: bool
) -> Constraint | None:
    form, begins_with = _form_of(markup, is_forced=True), TOOL_STYLES[markup.style].first
    if not tools or form is None or not _BRACKETS & begins_with.keys():
        return None
    if markup.style == "plain" and all(tool.name != DIRECT_ANSWER.name for tool in tools):
        tools = (*tools, DIRECT_ANSWER)  # which such a prompt offers as well
    grammar = _Grammar(markup, form)
    calls = grammar.calls(tools, several=parallel)
    return None if calls is None else grammar.whole(grammar.at_beginning(calls))


def _behind_opener(form: _Form) -> _Form:
    """The same without its opener; each call has one of its own where all together have none."""
    if form.first:
        return replace(form, first=form.first.removeprefix(form.opener))
    return replace(form, head=form.head.removeprefix(form.opener), between=None)


def _form_of(markup: CallMarkup, *, is_forced: bool) -> _Form | None:
    forms = _FORMS.get(markup.style, _FORMS["json"])
    known = dict(markup.special_tokens)
    fitting = (form for form in forms if not form.needs or form.needs in known)
    return next((form for form in fitting if is_forced or form.opener), None)


class _Grammar:
    """Rules of one grammar.

    Parameters
    ----------
    markup : CallMarkup
    form : _Form
    """

    def __init__(self, markup: CallMarkup, form: _Form) -> None:
        self._form = form
        self._markup = markup
        self.rules: Rules = ARGUMENT_RULES[form.arguments](dict(markup.special_tokens))

    def calls(self, tools: Iterable[ToolDefinition], *, several: bool) -> str | None:
        """Add rules for calls; what stands for all of them. None where a schema cannot be said."""
        form, rules = self._form, self.rules
        alternatives = []
        for tool in tools:
            arguments = rules.arguments(json.loads(tool.parameters))
            if arguments is None:
                return None
            parts = (self._literal(form.head.replace("NAME", tool.name)), arguments, self._literal(form.tail))
            alternatives.append(rules.add("call", " ".join(filter(None, parts))))
        call = rules.add("any_call", " | ".join(alternatives))
        if several and form.between is not None:
            more = " ".join(filter(None, (self._literal(form.between), call)))
            call = f"{call} ({more})*"
        return " ".join(filter(None, (self._literal(form.first), call, self._literal(form.last))))

    def forced(self, calls: str) -> tuple[str, ...]:
        """The beginning where a call must be made."""
        return self._behind_reasoning(calls)

    def free(self, opener: str, calls: str, *, several: bool) -> tuple[str, ...]:
        """The beginning where the model decides: text, and behind each opener what must stand there."""
        mark = self.rules.literal(opener)
        if mark.startswith("<"):  # a special token, which no text has
            return (f"start: TEXT ({mark} {calls} TEXT)*" if several else f"start: TEXT ({mark} {calls})?", _TEXT)
        tail = f"TAIL: /(?s:.*)/ & ~/(?s:.*){as_pattern(opener)}(?s:.*)/"
        call = f"{self.rules.up_to(opener)} {calls}"
        return (f"start: ({call})* tail" if several else f"start: {call} | tail", "tail: TAIL", tail)

    def at_beginning(self, calls: str) -> tuple[str, ...]:
        """The beginning where the model decides and has no mark for a call: calls, or what does not look like one."""
        style = TOOL_STYLES[self._markup.style]
        looks = "|".join(_FENCED if first == "```" else as_pattern(first) for first in style.first)
        unlike = [f"~/\\s*({looks})(?s:.*)/"]
        plain = (opener for opener in style.openers if not self.rules.literal(opener).startswith("<["))
        unlike += [f"~/(?s:.*){as_pattern(opener)}(?s:.*)/" for opener in plain]
        other = ("other: OTHER", f"OTHER: {' & '.join(('/(?s:.*)/', *unlike))}")
        return (*self._behind_reasoning(f"({calls} | other)"), *other)

    def _behind_reasoning(self, rule: str) -> tuple[str, ...]:
        """The rule that an answer keeps to, behind its reasoning where the prompt began that."""
        if not self._markup.begins_with_reasoning:
            return (f"start: {rule}",)
        return (f"start: {self.rules.up_to(_END_OF_REASONING)} SPACE {rule}", "SPACE: /\\s{0,4}/")

    def whole(self, start: tuple[str, ...]) -> Constraint:
        """The grammar that begins so."""
        return Constraint(kind="grammar", text="\n".join((*start, *self.rules.lines)) + "\n")

    def _literal(self, text: str) -> str:
        return self.rules.literal(text)
