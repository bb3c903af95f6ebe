"""Captions looked through before a trainer or a person sees them; also for their length, as trainers cut silently."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vlmkit.errors import BadSetting, SetupError
from vlmkit.evaluation.near_duplicates import near_duplicates
from vlmkit.evaluation.rules import RULES, Rule, Span, sentence_ends, without_last_sentence
from vlmkit.finish_reasons import Ending, ending_of
from vlmkit.frame import column_of, is_missing

__all__ = ["TRAINERS", "Budget", "budget_of", "estimate_tokens", "lint"]

_PIECE = re.compile(r"[^\W\d_]+|\d|[^\w\s]|_")
_LETTERS_PER_TOKEN = 5

TRAINERS = {"clip": (77, 2), "t5-256": (256, 1), "t5-512": (512, 1)}
"""Tokens a text encoder takes, and how many of these are its marks: SD 1.5, SDXL; Flux schnell; Flux dev."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How many tokens a text may have, and how they are counted.

    Attributes
    ----------
    limit : int
        Marks of the encoder not included.
    count : callable
        Text to number of tokens.
    is_estimate : bool
        Whether the count is ours instead of a tokenizer's.
    """

    limit: int
    count: Callable[[str], int]
    is_estimate: bool

    def says(self, text: str) -> str:
        """What is to be said about a text that is too long."""
        about = "about " if self.is_estimate else ""
        return f"{about}{self.count(text)} tokens, {self.limit} fit; the rest is cut off in training"


def estimate_tokens(text: str) -> int:
    """Guess how many tokens a text has, rather too many than too few.

    A word is a token for each five letters begun; each digit and each mark is one; a letter outside the Latin alphabet
    is one or more. Tokenizers of CLIP and T5 have most English words of captions as one token or two.

    Examples
    --------
    >>> estimate_tokens("A red triangle, 2 stars.")
    8
    """
    tokens = 0
    for piece in _PIECE.findall(text):
        tokens += -(-len(piece) // _LETTERS_PER_TOKEN) if piece.isascii() else max(1, len(piece.encode()) // 2)
    return tokens


def budget_of(trainer: str | int | None, tokenizer: Any) -> Budget | None:
    """Read what `lint` was given.

    Parameters
    ----------
    trainer : str, int or None
        Key of `TRAINERS`, or a number of tokens.
    tokenizer : object or None
        Callable that gives tokens or their number; or an object with ``encode``, as tokenizers and transformers have.

    Raises
    ------
    BadSetting
        No such trainer, or a tokenizer without a limit.
    """
    if trainer is None:
        if tokenizer is not None:
            raise BadSetting(f"tokenizer: without a limit nothing is too long; give trainer= {_known()}.")
        return None
    if isinstance(trainer, bool) or not (trainer in TRAINERS or (isinstance(trainer, int) and trainer > 0)):
        raise BadSetting(f"trainer={trainer!r}: give {_known()}.")
    limit, marks = TRAINERS[trainer] if isinstance(trainer, str) else (trainer, 0)
    if tokenizer is None:
        return Budget(limit=limit - marks, count=estimate_tokens, is_estimate=True)
    # A tokenizer that is given adds the encoder's marks itself, or has none.
    encode = getattr(tokenizer, "encode", tokenizer)
    return Budget(limit=limit, count=lambda text: _length(encode(text)), is_estimate=False)


def _length(tokens: Any) -> int:
    if isinstance(tokens, int):
        return tokens
    return len(getattr(tokens, "ids", tokens))


def _known() -> str:
    return ", ".join(map(repr, TRAINERS)) + " or a number of tokens"


_LONGEST_EXCERPT = 60
_WHOLE_COLUMN = ("too_long", "near_duplicate")
_BY_A_PERSON = ("accepted", "edited")


def lint(
    source: Any,
    column: str | None = None,
    *,
    rules: Sequence[str] | None = None,
    trainer: str | int | None = None,
    tokenizer: Any = None,
    similarity: float = 0.9,
    fix: bool = False,
) -> Any:
    """Look texts through for what should not be in a caption.

    Rules about one text: empty, refusal, no_picture, tokens, markdown, preamble, quotes, lines, repetition, cut_off,
    hedge; refusals in the languages that a run knows, other words in English. Rules about length and likeness:
    too_long, near_duplicate.

    Parameters
    ----------
    source : DataFrame or Series
    column : str, default None
        Column of a DataFrame. If it also has ``<column>_finish_reason``, answers that hit the limit of tokens are cut
        off for certain; rows that a person accepted or edited (``<column>_status``) are looked at and never mended.
    rules : sequence of str, default all
        Those that are looked at.
    trainer : {"clip", "t5-256", "t5-512"} or int, default None
        Whose limit a text may not exceed, 77, 256 or 512 tokens with the encoder's marks, or how many tokens. None
        checks no length.
    tokenizer : callable, or object with ``encode``, default None
        Counts tokens. None counts rather too many: one for each five letters of a word begun, each digit, each mark.
    similarity : float, default 0.9
        Share of the runs of three words that two texts have in common, from which the later is a near duplicate.
    fix : bool, default False
        Give the texts mended instead of the findings: what a rule can mend is, in the order of the rules; a text that
        is too long or cut off ends with its last whole sentence. A mend that would leave nothing is not made.

    Returns
    -------
    DataFrame or Series
        Findings: ``row`` (label), ``column``, ``rule``, ``start`` and ``end`` (characters), ``text`` (there),
        ``message``, ``fixable``. With `fix` a copy of what was given.

    Raises
    ------
    SetupError
        No such column, it is not of texts, or an option with a value it does not take.
    """
    table, name = _subject(source, column)
    chosen = _chosen(rules)
    budget = budget_of(trainer, tokenizer)
    if not 0 < similarity <= 1:
        raise BadSetting(f"similarity={similarity!r}: give a share above 0, up to 1.")
    texts = _texts(column_of(table, name), name)
    linter = _Linter(
        rules={rule.name: rule for rule in RULES if rule.name in chosen},
        budget=budget if "too_long" in chosen else None,
        cut_off=_hit_the_limit(table, name) if "cut_off" in chosen else [False] * len(texts),
    )
    if fix:
        return _mended(source, table, name, linter, texts)
    like = near_duplicates([text or "" for text in texts], similarity=similarity) if "near_duplicate" in chosen else {}
    return _findings(table.index, name, linter, texts, like)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Finding:
    rule: str
    span: Span
    message: str
    fixable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Linter:
    """The rules that are meant, for one column."""

    rules: Mapping[str, Rule]
    budget: Budget | None
    cut_off: Sequence[bool]

    def look_at(self, row: int, text: str | None) -> Iterator[_Finding]:
        """Findings in one text."""
        if text is None:
            if "empty" in self.rules:
                yield _Finding(rule="empty", span=(0, 0), message=self.rules["empty"].says, fixable=False)
            return
        for rule in self.rules.values():
            spans = list(rule.find(text))
            if rule.name == "cut_off" and not spans and self.cut_off[row]:
                spans = [(len(text), len(text))]
            fixable = bool(spans) and self._mended(rule, row, text) != text
            for span in spans:
                yield _Finding(rule=rule.name, span=span, message=rule.says, fixable=fixable)
        yield from self._too_long(text)

    def _too_long(self, text: str) -> Iterator[_Finding]:
        if self.budget is not None and self.budget.count(text) > self.budget.limit:
            fixable = _shortened(text, self.budget) != text
            yield _Finding(rule="too_long", span=(0, len(text)), message=self.budget.says(text), fixable=fixable)

    def mend(self, row: int, text: str) -> str:
        """Text with everything mended that can be."""
        for rule in self.rules.values():
            text = self._mended(rule, row, text)
        return text if self.budget is None else _shortened(text, self.budget)

    def _mended(self, rule: Rule, row: int, text: str) -> str:
        mend = without_last_sentence if rule.name == "cut_off" and self.cut_off[row] else rule.mend
        if mend is None or not any(True for _ in rule.find(text)):
            return text
        return mend(text).strip() or text


def _shortened(text: str, budget: Budget) -> str:
    """Text up to the last sentence that fits; as it is where not even the first does."""
    if budget.count(text) > budget.limit:
        for end in reversed(sentence_ends(text)):
            if end < len(text) and budget.count(text[:end]) <= budget.limit:
                return text[:end]
    return text


def _subject(source: Any, column: str | None) -> tuple[pd.DataFrame, str]:
    if isinstance(source, pd.Series):
        name = str(source.name) if source.name is not None else "text"
        return source.to_frame(name), name
    if not isinstance(source, pd.DataFrame):
        raise SetupError(f"lint takes a DataFrame and a column, or a Series, and this is a {type(source).__name__}.")
    if column is None:
        listed = ", ".join(map(repr, source.columns))
        raise SetupError(f"lint: which column? Name one, lint(df, 'caption'); the columns are {listed}.")
    return source, column


def _chosen(rules: Sequence[str] | None) -> Sequence[str]:
    known = [*(rule.name for rule in RULES), *_WHOLE_COLUMN]
    chosen = known if rules is None else [rules] if isinstance(rules, str) else list(rules)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise BadSetting(f"rules: there is no rule {unknown[0]!r}; rules are {', '.join(known)}.")
    return chosen


def _texts(column: pd.Series[Any], name: str) -> list[str | None]:
    texts = [None if is_missing(value) else value for value in column.array]
    strangers = [value for value in texts if value is not None and not isinstance(value, str)]
    if strangers:
        raise SetupError(f"lint: the column {name!r} has values that are not texts, such as {strangers[0]!r}.")
    return texts


def _hit_the_limit(table: pd.DataFrame, name: str) -> list[bool]:
    reasons = f"{name}_finish_reason"
    if reasons not in table.columns:
        return [False] * len(table)
    return [
        not is_missing(reason) and ending_of(str(reason)) is Ending.CUT for reason in column_of(table, reasons).array
    ]


def _findings(
    index: pd.Index[Any], name: str, linter: _Linter, texts: Sequence[str | None], like: Mapping[int, int]
) -> pd.DataFrame:
    rows = []
    for row, text in enumerate(texts):
        found = list(linter.look_at(row, text))
        if row in like:
            says = f"nearly the same as row {index[like[row]]!r}"
            found.append(_Finding(rule="near_duplicate", span=(0, len(text or "")), message=says, fixable=False))
        for each in found:
            there = (text or "")[slice(*each.span)]
            shown = there if len(there) <= _LONGEST_EXCERPT else there[: _LONGEST_EXCERPT - 1] + "…"
            rows.append((index[row], name, each.rule, *each.span, shown, each.message, each.fixable))
    columns = ["row", "column", "rule", "start", "end", "text", "message", "fixable"]
    return pd.DataFrame(rows, columns=columns).astype({"start": int, "end": int, "fixable": bool})


def _mended(source: Any, table: pd.DataFrame, name: str, linter: _Linter, texts: Sequence[str | None]) -> Any:
    status = f"{name}_status"
    kept = column_of(table, status).isin(_BY_A_PERSON).tolist() if status in table.columns else [False] * len(texts)
    rows = enumerate(zip(texts, kept, strict=True))
    mended = [text if text is None or keep else linter.mend(row, text) for row, (text, keep) in rows]
    column: pd.Series[Any] = pd.Series(mended, index=table.index, dtype=column_of(table, name).dtype)
    if not isinstance(source, pd.Series):
        return table.assign(**{name: column})
    column.name = source.name
    return column
