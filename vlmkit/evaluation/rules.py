"""What is wrong with a caption, as rows of a table: a name, where it is found, and how it is mended, where a rule can.

Refusals and missing pictures are found in the languages that a run knows, by the same list. The other words are
English; in other languages only the rules about form (markdown, repetition, tokens, length) say much.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vlmkit.prompts.cleaning import LABEL, TOKEN
from vlmkit.prompts.gate import emptiness_of
from vlmkit.prompts.refusals import Asked, Excuse, find_excuses

__all__ = [
    "RULES",
    "Rule",
    "Span",
    "find_cut_off",
    "find_loops",
    "sentence_ends",
    "without_last_sentence",
    "without_loops",
]

_FEWEST_TIMES = 3
_FEWEST_WORDS = 6
_WORD = re.compile(r"\S+")

_Span = tuple[int, int]
_Run = tuple[int, int, int]


def find_loops(text: str) -> Iterator[_Span]:
    """Places where some words follow themselves at least three times, six words or more in all.

    Parameters
    ----------
    text : str

    Yields
    ------
    (int, int)
        Start and end, from the first time to the last.
    """
    matches = list(_WORD.finditer(text))
    for start, end, _ in _runs([_bare(match[0]) for match in matches]):
        yield matches[start].start(), matches[end - 1].end()


def without_loops(text: str) -> str:
    """Text in which each loop is said once."""
    matches = list(_WORD.finditer(text))
    pieces, at = [], 0
    for start, end, period in _runs([_bare(match[0]) for match in matches]):
        pieces.append(text[at : matches[start + period - 1].end()])
        at = matches[end - 1].end()
    return ("".join(pieces) + text[at:]).strip()


def _bare(word: str) -> str:
    return word.strip(".,;:!?").casefold()


def _runs(words: Sequence[str]) -> list[_Run]:
    """Loops that do not overlap: first word, behind the last word, words of one turn."""
    runs = []
    after = 0
    for start, period in _suspects(words):
        if start < after:
            continue
        end = start + period
        while end < len(words) and words[end] == words[end - period]:
            end += 1
        end -= (end - start) % period  # half a turn stays behind, as the rest of the text
        if end - start >= max(_FEWEST_WORDS, _FEWEST_TIMES * period):
            runs.append((start, end, period))
            after = end
    return runs


def _suspects(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the same three words come again, and how far apart: the only places where a loop can begin."""
    last: dict[tuple[str, ...], int] = {}
    for position in range(len(words) - 2):
        three = tuple(words[position : position + 3])
        if three in last:
            yield last[three], position - last[three]
        last[three] = position


Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One thing that can be wrong with a text.

    Attributes
    ----------
    name : str
    says : str
        What it means, in a few words.
    find : callable
        Text to places, (start, end), where it is so.
    mend : callable or None, default None
        Text to the text without it; None where only a person or a model can.
    """

    name: str
    says: str
    find: Callable[[str], Iterator[Span]]
    mend: Callable[[str], str] | None = None


_PICTURE = r"(?:image|picture|photo|photograph|drawing|illustration|scene|screenshot)"
_SHOWS = r"(?:shows|depicts|features|displays|presents|captures|contains|portrays|illustrates|showcases|is of)"
_PREAMBLE = re.compile(
    rf"""\s*(?:
        (?:sure|certainly|of\ course|absolutely|okay|ok|great)\b[^.:!,\n]{{0,40}}[.:!,]
      | here(?:['’]s|\ is|\ are)\b[^.:\n]{{0,100}}:
      | (?:caption|description|answer|alt[ ]text|(?:image|detailed|short|brief)[ ](?:caption|description))\s*:
      | (?:the|this)\ {_PICTURE}\ {_SHOWS}\b
      | in\ (?:the|this)\ {_PICTURE},?\ (?:(?:we|you|one)\ can\ (?:see|observe)|we\ see|you\ see|there\ (?:is|are))\b
      | an?\ {_PICTURE}\ (?:of|showing|depicting)\b
    )\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_HEDGE = re.compile(
    r"\b(?:appears? to|seems? to|seemingly|possibly|perhaps|probably|presumably|may be|might be|could be"
    r"|it (?:is|['’]s) (?:hard|difficult|not possible|impossible) to|it is unclear|looks like it|likely)\b",
    re.IGNORECASE,
)
_TOKENS = re.compile(
    rf"<think>.*?</think>|</?think>|{TOKEN}|\A{LABEL.pattern}|\n(?-i:USER|User|Human|ASSISTANT|Assistant):|\ufffd|[▁Ġ](?=\w)",
    re.DOTALL | re.IGNORECASE,
)
_MARKDOWN = re.compile(
    r"""
      ```\w*                                   # fence
    | ^[ \t]{0,3}\#{1,6}[ ]+                   # heading
    | ^[ \t]*[-*•+][ ]+(?=\S)                  # bullet
    | ^[ \t]*\d{1,2}[.)][ ]+(?=\S)             # numbered
    | (?P<strong>\*\*|__)(?=\S)(?P<bold>[^*\n]+?)(?<=\S)(?P=strong)
    | (?<![\w*])\*(?=\S)(?P<italic>[^*\n]+?)(?<=\S)\*(?![\w*])
    | (?<!`)`(?P<code>[^`\n]+)`(?!`)
    | \[(?P<link>[^\]\n]+)\]\([^)\s]+\)
    """,
    re.VERBOSE | re.MULTILINE,
)
_LINES = re.compile(r"\s*[\r\n]+\s*")
_QUOTED = re.compile(r"\s*([\"“'])(?P<inside>[^\"“”]+)([\"”'])\s*")
_SENTENCE_END = re.compile(
    r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bvs)(?<!\b[A-Za-z])(?<!\.[a-z])"
    r"[.!?…。！？][\"”'’)\]]*(?=\s|$)"
)
_OPEN_END = re.compile(
    r"(?:[,;:(\[–—-]|\b(?:a|an|the|and|or|of|with|in|on|at|to|by|for|from|is|are|was|were|as|that|which|while|its))\s*$",
    re.IGNORECASE,
)


def _matches(pattern: re.Pattern[str]) -> Callable[[str], Iterator[Span]]:
    return lambda text: (match.span() for match in pattern.finditer(text))


def _find_preamble(text: str) -> Iterator[Span]:
    end = 0
    while (match := _PREAMBLE.match(text, end)) and match.end() > end:
        end = match.end()
    if end:
        yield 0, end


def _without_preamble(text: str) -> str:
    rest = next((text[end:] for _, end in _find_preamble(text)), text)
    return rest[:1].upper() + rest[1:]


def _find_empty(text: str) -> Iterator[Span]:
    if emptiness_of(text, Asked(describes=True)):
        yield 0, len(text)


def _find_excuses(*kinds: Excuse) -> Callable[[str], Iterator[Span]]:
    """Clauses of these kinds: what a run takes for no answer, and the same words beside a description."""
    return lambda text: ((start, end) for start, end, kind in find_excuses(text) if kind in kinds)


def _find_quotes(text: str) -> Iterator[Span]:
    if _QUOTED.fullmatch(text):
        yield 0, len(text)


def _without_quotes(text: str) -> str:
    match = _QUOTED.fullmatch(text)
    return match["inside"] if match else text


def _without_markdown(text: str) -> str:
    previous = None
    while previous != text:  # bold inside a bullet
        previous = text
        text = _MARKDOWN.sub(lambda m: m["bold"] or m["italic"] or m["code"] or m["link"] or "", text)
    return text.strip()


def sentence_ends(text: str) -> list[int]:
    """Places behind the sentences of a text; the period of an abbreviation or an initial ends none."""
    return [match.end() for match in _SENTENCE_END.finditer(text)]


def find_cut_off(text: str) -> Iterator[Span]:
    """Place of a last sentence that has no end; a text without any is only cut off where its last word shows it."""
    ends = sentence_ends(text)
    rest = text[ends[-1] :] if ends else text
    if rest.strip() and (ends or _OPEN_END.search(rest)):
        yield len(text) - len(rest.lstrip()), len(text)


def _without_open_end(text: str) -> str:
    """Text without a last sentence that clearly breaks off; one that only lacks its period may be whole."""
    return without_last_sentence(text) if _OPEN_END.search(text) else text


def without_last_sentence(text: str) -> str:
    """Text up to the last end of a sentence; unchanged where there is none."""
    ends = sentence_ends(text)
    return text[: ends[-1]] if ends else text


RULES: tuple[Rule, ...] = (
    Rule(name="empty", says="no text, or nothing in it", find=_find_empty),
    Rule(
        name="refusal",
        says="the model declined, or only talked",
        find=_find_excuses(Excuse.DECLINED, Excuse.ONLY_TALK),
    ),
    Rule(name="no_picture", says="the model saw no picture", find=_find_excuses(Excuse.NO_PICTURE)),
    Rule(
        name="tokens",
        says="control tokens of a model",
        find=_matches(_TOKENS),
        mend=lambda text: _TOKENS.sub("", text).strip(),
    ),
    Rule(name="markdown", says="markup in a plain text", find=_matches(_MARKDOWN), mend=_without_markdown),
    Rule(name="preamble", says="talk before the caption", find=_find_preamble, mend=_without_preamble),
    Rule(name="quotes", says="the whole text in quotation marks", find=_find_quotes, mend=_without_quotes),
    Rule(
        name="lines",
        says="several lines; many trainers read the first only",
        find=_matches(_LINES),
        mend=lambda text: _LINES.sub(" ", text.strip()),
    ),
    Rule(name="repetition", says="the same words again and again", find=find_loops, mend=without_loops),
    Rule(name="cut_off", says="the last sentence has no end", find=find_cut_off, mend=_without_open_end),
    Rule(name="hedge", says="a guess instead of what is seen", find=_matches(_HEDGE)),
)
"""Rules about one text, in the order in which they mend."""
