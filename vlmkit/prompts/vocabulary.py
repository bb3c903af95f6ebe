"""A closed vocabulary: tags that are among its terms, whatever a model writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vlmkit.errors import BadSetting, UnreadableReply
from vlmkit.prompts.choices import read_choice
from vlmkit.prompts.json_text import value_spans
from vlmkit.prompts.tag_lists import tags_of
from vlmkit.records import Constraint

__all__ = ["OneTerm", "Vocabulary"]

_FIELD = "tags"
_DENIED = re.compile(r"(?:no|not|without|never)\b")
_BULLETS = " \t\"'`*.-•[](){}"


class Vocabulary:
    """Terms, and what else they are called.

    Parameters
    ----------
    terms : sequence of str, or mapping of str to sequence of str
        A mapping gives the synonyms of each term. A slash makes a hierarchy: ``"animal/dog"`` is found as ``dog``, too,
        where only one term ends so.
    column : str
        Where the tags of an answer go, as a list in the vocabulary's order.
    unknown_column : str or None, default None
        Where whatever is not a term goes, as the model wrote it; None drops it.

    Attributes
    ----------
    terms : tuple of str
    constraint : Constraint
        What a backend enforces.

    Raises
    ------
    BadSetting
        No terms, one that is not a text, or two that cannot be told apart.
    """

    def __init__(
        self, terms: Sequence[str] | Mapping[str, Sequence[str]], *, column: str, unknown_column: str | None = None
    ) -> None:
        synonyms = dict(terms) if isinstance(terms, Mapping) else _unsynonymous(terms)
        self.terms = tuple(synonyms)
        self._column = column
        self._unknown_column = unknown_column
        self._term_of = _index(synonyms)
        schema = {
            "type": "object",
            "properties": {_FIELD: {"type": "array", "items": {"enum": list(synonyms)}, "maxItems": len(synonyms)}},
            "required": [_FIELD],
            "additionalProperties": False,
        }
        self.constraint = Constraint(kind="json_schema", text=json.dumps(schema, ensure_ascii=False))

    def lines(self) -> str:
        """The line of the prompt that asks for them."""
        return f"- {_FIELD}: list of any of {', '.join(json.dumps(term, ensure_ascii=False) for term in self.terms)}"

    def read(self, text: str) -> dict[str, Any]:
        """Tags of an answer, and what is none, by column.

        Parameters
        ----------
        text : str
            A JSON object, a JSON list, or tags in any usual list of plain text.

        Returns
        -------
        dict
            Lists by column; an empty one where the answer says that no term applies.

        Raises
        ------
        UnreadableReply
            Nothing in it is a term, although it does not say "none"; or a part that was not understood names a term.
        """
        said = tags_of(text, self._is_term)
        unknown = [tag for tag in said if not self._is_term(tag)]
        found = {self._term_of.get(_plain(tag)) for tag in said}
        values: dict[str, Any] = {self._column: [term for term in self.terms if term in found]}
        if self._unknown_column is not None:
            values[self._unknown_column] = unknown
        elif unknown and (len(unknown) == len(said) or any(map(self._names_a_term, unknown))):
            raise UnreadableReply.expected("tags of the vocabulary", text)
        return values

    def _is_term(self, text: str) -> bool:
        return _plain(text) in self._term_of

    def _names_a_term(self, piece: str) -> bool:
        """Whether a piece that is not a term has one in it: "black cat" may be a lost cat. What is denied is not."""
        plain = _plain(piece)
        return not _DENIED.match(plain) and any(
            re.search(rf"(?<!\w){re.escape(name)}(?:e?s)?(?!\w)", plain) for name in self._term_of
        )

    def write(self, values: Mapping[str, Any]) -> str:
        """Answer that has these tags.

        Parameters
        ----------
        values : mapping of str to sequence of str
            By column.
        """
        return json.dumps({_FIELD: [tag for tags in values.values() for tag in tags or ()]}, ensure_ascii=False)

    def spans(self, text: str) -> dict[str, tuple[int, int]]:
        """Where in an answer the tags stand.

        Parameters
        ----------
        text : str
        """
        span = value_spans(text).get((_FIELD,))
        return {} if span is None else {self._column: span}


class OneTerm(Vocabulary):
    """A vocabulary of which one term is the answer."""

    def read(self, text: str) -> dict[str, Any]:
        """Term of an answer, by column.

        Parameters
        ----------
        text : str
            The term or a synonym, in a sentence or alone.

        Raises
        ------
        UnreadableReply
            None of them, or several.
        """
        plain = _plain(text.strip(_BULLETS))
        name = plain if plain in self._term_of else read_choice(text, list(self._term_of))
        return {self._column: self._term_of[name]}

    def write(self, values: Mapping[str, Any]) -> str:
        """Answer that is this term.

        Parameters
        ----------
        values : mapping of str to str
            By column.
        """
        return str(values[self._column])

    def spans(self, text: str) -> dict[str, tuple[int, int]]:
        """Where in an answer the term stands.

        Parameters
        ----------
        text : str
        """
        return {self._column: (0, len(text))}


def _unsynonymous(terms: object) -> dict[str, Sequence[str]]:
    if isinstance(terms, str) or not isinstance(terms, Sequence):
        raise BadSetting(f"vocabulary={terms!r}: give a list of terms, or a dict of terms and their synonyms.")
    return dict.fromkeys(terms, ()) if all(isinstance(term, str) for term in terms) else {"": ()}


def _index(synonyms: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Term by each way to say it; what could mean two terms means neither, unless it is one."""
    index: dict[str, str] = {}
    names: Iterable[object] = synonyms
    for term in names:
        if not isinstance(term, str) or not term.strip() or _plain(term) in index:
            raise BadSetting(f"vocabulary: {term!r} is empty, no text, or the same as another but for its case.")
        index[_plain(term)] = term
    if not index:
        raise BadSetting("vocabulary: it has no terms; give at least one.")
    said: dict[str, set[str]] = {}
    for term, others in synonyms.items():
        listed = [others] if isinstance(others, str) else [*others]
        for name in (*listed, term.rpartition("/")[2]):
            said.setdefault(_plain(str(name)), set()).add(term)
    unique = {name: terms.copy().pop() for name, terms in said.items() if len(terms) == 1} | index
    return _plurals(unique) | unique


def _plurals(names: Mapping[str, str]) -> dict[str, str]:
    """Plurals of names, and singulars of plural ones, as far as each means one term."""
    said: dict[str, set[str]] = {}
    for name, term in names.items():
        if len(name) > 2 and name[-1].isalpha():
            for other in _other_number(name):
                said.setdefault(other, set()).add(term)
    return {name: terms.copy().pop() for name, terms in said.items() if len(terms) == 1}


def _other_number(name: str) -> list[str]:
    if name.endswith("ies"):
        return [f"{name[:-3]}y"]
    if name.endswith("s") and not name.endswith("ss"):
        return [name[:-1], name.removesuffix("es")]
    if name.endswith("y") and name[-2] not in "aeiou":
        return [f"{name[:-1]}ies"]
    return [f"{name}es" if name.endswith(("s", "x", "z", "ch", "sh")) else f"{name}s"]


def _plain(term: str) -> str:
    return " ".join(term.casefold().replace("_", " ").split())
