"""Whether an answer is none: the model declines, sees no picture, or only talks about the talk.

The whole answer decides, clause by clause. A clause that declines counts as long as nothing else is said about the
picture: "I can't name the man, but he wears a red hat" is an answer. Text that was asked to be read off a picture may
well say "I can't help you", so there only what speaks of the picture, the request or the model itself counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache

from vlmkit.prompts.phrases import Language

__all__ = ["Asked", "Excuse", "asked_by", "begins_an_offer", "excuse_of", "find_excuses"]


class Excuse(Enum):
    """Why an answer is none."""

    DECLINED = "the model declined"
    NO_PICTURE = "the model saw no picture"
    ONLY_TALK = "the model only talked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What of a question decides how its answer is judged.

    Attributes
    ----------
    reads_text : bool, default False
        Whether text is to be read off the picture.
    about_pictures : bool, default False
        Whether it asks for pictures within the picture, which may be missing there.
    about_symbols : bool, default False
        Whether the answer may be a mark or an emoji.
    describes : bool, default False
        Whether the picture is to be described, so that there is always something to say.
    """

    reads_text: bool = False
    about_pictures: bool = False
    about_symbols: bool = False
    describes: bool = False


class _Sort(Enum):
    DECLINES = 1
    MISSES = 2
    TALKS = 3
    TELLS = 4
    OFFERS = 5


_HEAD = 600  # characters in which an excuse begins
_LONGEST_CLAUSE = 250  # characters that are looked at; a refusal says so at once, and patterns take the square of it
_LONGEST = 2500  # characters of an excuse; longer ones go on to describe
_READS_TEXT = re.compile(
    r"what (?:does|do|did|is|are|was)\b[^?]{0,60}\b(?:say|says|read|reads|written|printed|called|spell)\b|\btranscri"
    r"|\bocr\b|\bread (?:the|this|all|any|out|off|aloud|what|it)\b"
    r"|(?<!alt )(?<!alt-)\btexts?\b(?![- ]to[- ])|\bwritten\b|\bspell|inscription|lyrics|handwrit|\bletters\b"
    r"|\bwords (?:on|in|are|that)\b|\bquot(?:e|ation)|slogan|subtitle|headline"
    r"|\btexto\b|\btexte\b|transcri[bv]|\bschrift|\bsteht\b|文字|文本|写着|寫著|テキスト|書かれ|텍스트|글자|글씨|текст|надпис|написано"
    r"|النص|مكتوب|पाठ|लिखा|লেখা|متن|لکھا|testo\b|yazı|tekst|văn bản|tulis",
    re.IGNORECASE,
)
_ABOUT_PICTURES = re.compile(
    r"\b(?:are|is) there\b[^?.]{0,40}\b(?:images?|pictures?|photos?|photographs?|paintings?|posters?|drawings?)\b"
    r"|\b(?:how many|which|what|any|count the) (?:\w+ )?(?:images|pictures|photos|photographs)\b",
    re.IGNORECASE,
)
_ABOUT_SYMBOLS = re.compile(
    r"emoji|emoticon|symbol|punctuation|\bcharacters?\b|\bmarks?\b|arrow|operator|currency|\bicon", re.IGNORECASE
)
_DESCRIBES = re.compile(r"\bdescri(?:be|ption)|\bcaption|\balt[- ]text", re.IGNORECASE)
_QUOTED = r"\"[^\"]*\"|“[^”]*”|«[^»]*»|„[^“”]*[“”]|「[^」]*」|『[^』]*』|‘[^’]{3,}’|(?<!\w)'[^']{3,}'(?!\w)|`[^`]*`"
_WORDS = re.compile(r"\w")
_OFFER_HINTS = (
    "you", "help", "know", "assist", "hope", "hello", "anything", "happy", "glad", "question", "?", "thank", "ask",
    "feel free", "ayud", "esper", "avis", "aid", "dites", "hilf", "helf", "hoff", "wissen", "ajud", "aiut", "saper",
    "hoop", "laat", "semoga", "umar", "daj", "hallo", "bonjour", "hola", "ciao", "si ", "se ",
)  # fmt: skip
_NEEDS = (
    r"assist|request|image|picture|photo|guideline|polic|as an? (?:ai|language)|language model|content|describ"
    r"|identif|provid|caption|help (?:you )?with (?:that|this|identif|describ)"
)
_PERSONAL = (
    r"\b(?:i|i'm|i'd|me|my)\b|it (?:seems|looks|appears)|conversation|your message|(?:was|were) (?:attached|provided"
    r"|uploaded|shared)|to (?:describe|analy|see|look|examine)"
)
_OF_THE_TALK = (
    r"attach|provid|upload|shar(?:e|ed|ing)\b|message|conversation|chat|as an? (?:ai|language|text)|abilit|capabilit"
    r"|text-based|only (?:process|work)"
)


def asked_by(question: str) -> Asked:
    """What a question asks for, as far as it decides how its answer is judged.

    Parameters
    ----------
    question : str
        The prompt, with or without its row's values.
    """
    return _asked_by(question)


@lru_cache(maxsize=256)
def _asked_by(question: str) -> Asked:
    return Asked(
        reads_text=bool(_READS_TEXT.search(question)),
        about_pictures=bool(_ABOUT_PICTURES.search(question)),
        about_symbols=bool(_ABOUT_SYMBOLS.search(question)),
        describes="?" not in question and bool(_DESCRIBES.search(question)),
    )


def excuse_of(text: str, asked: Asked | None = None) -> Excuse | None:
    """Why an answer is none; None where it may be one.

    Parameters
    ----------
    text : str
        The answer, cleaned.
    asked : Asked or None, default None
        None is a question like "Describe this image".
    """
    if len(text) > _LONGEST or _tells_at_once(text):
        return None
    rows = _rows_for(text)
    if rows is None:
        return None
    return _judged(sort for sort, _ in _sorted(text, rows, asked or Asked()))


def find_excuses(text: str) -> Iterator[tuple[int, int, Excuse]]:
    """Clauses of a text that decline or miss the picture, also where others describe it.

    Parameters
    ----------
    text : str

    Yields
    ------
    (int, int, Excuse)
        Start, end, and what the clause is.
    """
    rows = _rows_for(text, len(text))
    if rows is None:
        return
    whole = excuse_of(text)
    for sort, (start, end) in _sorted(text, rows, Asked()):
        if sort is _Sort.DECLINES or (sort is _Sort.MISSES and whole is Excuse.NO_PICTURE):
            yield start, end, Excuse.DECLINED if sort is _Sort.DECLINES else Excuse.NO_PICTURE
    if whole is Excuse.ONLY_TALK:
        yield 0, len(text), whole


def begins_an_offer(sentence: str) -> bool:
    """Whether a sentence offers more, or greets, instead of telling something.

    Parameters
    ----------
    sentence : str
    """
    plain = _plain(sentence).lstrip(" *_¿¡")
    is_ascii = plain.isascii()
    if is_ascii and not _any_of(_OFFER_HINTS).search(plain):
        return False
    return _offers(latin_only=is_ascii).match(plain) is not None


def _judged(sorts: Iterator[_Sort]) -> Excuse | None:
    """What a whole answer is; clauses are looked at only until that is clear."""
    found: set[_Sort] = set()
    for sort in sorts:
        if sort is _Sort.TELLS:
            return None
        if sort is _Sort.MISSES:  # what is told after that was not seen
            return Excuse.NO_PICTURE
        found.add(sort)
    if _Sort.DECLINES in found:
        return Excuse.DECLINED
    return Excuse.ONLY_TALK if found == {_Sort.OFFERS} else None


def _tells_at_once(text: str) -> bool:
    """Whether the first sentence is so plain that no other matters: what most answers are, found cheaply."""
    sentence = text[:_HEAD].partition("\n")[0].partition(". ")[0].lower()
    if not sentence.isascii() or not any(map(str.isalpha, sentence)):
        return False
    if _any_of(_latin_hints()).search(sentence):
        return False
    return not _pattern(_languages()[0].talks).search(sentence) and not begins_an_offer(sentence)


def _rows_for(text: str, most: int = _HEAD) -> list[Language] | None:
    """Languages in which a text may be an excuse; None where it is none for sure."""
    head = _plain(text[:most])
    is_ascii = head.isascii()
    rows = [row for row in _rows(latin_only=is_ascii) if any(hint in head for hint in row.hints)]
    if rows:
        return rows
    return list(_rows(latin_only=is_ascii)) if begins_an_offer(head) else None


def _sorted(text: str, rows: Sequence[Language], asked: Asked) -> Iterator[tuple[_Sort, tuple[int, int]]]:
    """Clauses with their places."""
    bare = _unquoted(text)
    spans = list(_clauses(bare))
    for start, end in spans:
        clause = _plain(bare[start : min(end, start + _LONGEST_CLAUSE)]).strip(" \t*_#>\"“”'’-")
        if _WORDS.search(clause):
            yield _sort_of(clause, rows, asked, is_alone=len(spans) == 1), (start, end)


def _sort_of(clause: str, rows: Sequence[Language], asked: Asked, *, is_alone: bool) -> _Sort:
    for row in rows:
        if any(hint in clause for hint in row.hints) and (sort := _excuse_in(clause, row, asked, is_alone=is_alone)):
            return sort
    if any(_pattern(row.shows).search(clause) for row in rows):
        return _Sort.TELLS
    if any(_pattern(row.offers).match(clause) for row in rows) and not asked.reads_text:
        return _Sort.OFFERS
    return _Sort.TALKS if any(_pattern(row.talks).search(clause) for row in rows) else _Sort.TELLS


def _excuse_in(clause: str, row: Language, asked: Asked, *, is_alone: bool) -> _Sort | None:
    """Which excuse a clause is in one language."""
    declines = _pattern(row.refuses).search(clause) and _is_of_the_model(clause, asked)
    misses = _pattern(row.misses).search(clause) and _is_of_the_talk(clause, asked, is_alone=is_alone)
    if misses and (not declines or row is _languages()[0]):
        return _Sort.MISSES
    return _Sort.DECLINES if declines else None


def _is_of_the_model(clause: str, asked: Asked) -> bool:
    """Whether it is the model that declines; what is read off a picture may say "I can't"."""
    return not asked.reads_text or not clause.isascii() or _pattern(_NEEDS).search(clause) is not None


def _is_of_the_talk(clause: str, asked: Asked, *, is_alone: bool) -> bool:
    """Whether a clause without a picture is about the question's; it may be read off one, or about one within."""
    if asked.about_pictures and not _pattern(_OF_THE_TALK).search(clause) and clause.isascii():
        return False
    if not asked.reads_text:
        return True
    return bool(_pattern(_PERSONAL).search(clause)) if clause.isascii() else not is_alone or len(clause) > 40


def _unquoted(text: str) -> str:
    """A text of the same length without what it quotes, unless that is nearly all."""
    rest = _pattern(_QUOTED).sub(lambda match: " " * (len(match[0]) - 1) + "…", text)
    return rest if len(rest.split()) > 2 else text


def _plain(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).replace("’", "'").replace("‘", "'")
    return text.lower()


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _breaks().finditer(text):
        if match.start() > start:
            yield start, match.start()
        start = match.end()
    if start < len(text):
        yield start, len(text)


@lru_cache(maxsize=1)
def _languages() -> tuple[Language, ...]:
    from vlmkit.prompts.english_phrases import ENGLISH
    from vlmkit.prompts.european_phrases import EUROPEAN_LANGUAGES
    from vlmkit.prompts.latin_phrases import LATIN_LANGUAGES
    from vlmkit.prompts.script_phrases import SCRIPT_LANGUAGES

    return (ENGLISH, *LATIN_LANGUAGES, *EUROPEAN_LANGUAGES, *SCRIPT_LANGUAGES)


def _rows(*, latin_only: bool) -> tuple[Language, ...]:
    return _latin() if latin_only else _languages()


@lru_cache(maxsize=1)
def _latin() -> tuple[Language, ...]:
    return tuple(row for row in _languages() if row.is_latin)


@lru_cache(maxsize=1)
def _latin_hints() -> tuple[str, ...]:
    return tuple({hint for row in _latin() for hint in row.hints if hint.isascii()})


@lru_cache(maxsize=2)
def _offers(*, latin_only: bool) -> re.Pattern[str]:
    return _pattern("|".join(row.offers for row in _rows(latin_only=latin_only)))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A row's pattern, compiled when it is first needed: all of them take a second, one reply needs few."""
    return re.compile(text)


@cache
def _any_of(texts: tuple[str, ...]) -> re.Pattern[str]:
    """Finds any of many texts; grouped by their first letters, which takes a third of the time of looking for each."""
    endings: dict[str, list[str]] = {}
    for text in texts:
        endings.setdefault(text[0], []).append(re.escape(text[1:]))
    return re.compile("|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in endings.items()))


@lru_cache(maxsize=1)
def _breaks() -> re.Pattern[str]:
    """Where clauses end: at marks, before a turn, and before a new subject."""
    latin = "|".join(row.turns for row in _languages() if row.is_latin)
    others = "|".join(row.turns for row in _languages() if not row.is_latin)
    return re.compile(
        r"[.!?…؟।۔]+[\"'”’)\]*]*(?:\s+|$)|[。！？]+|\n+|[;；:：]\s+|\s[—–-]\s"
        r"|,\s+(?=(?:the|this|he|she|they|it|there|an?|here)\b)"
        rf"|[,，、]?\s*(?<!help\s)\b(?:{latin})\b,?\s*|[,，、]?\s*(?:{others})[,，、]?",
        re.IGNORECASE,
    )
