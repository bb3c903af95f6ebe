"""What models say instead of an answer, language by language: one row of a table each.

The rows serve the gate of every reply and the lint of captions alike. A pattern is for one clause, in lower case, with
straight apostrophes, in Unicode's form NFC.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Language", "language"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """How one language declines.

    Attributes
    ----------
    hints : tuple of str
        A text without any of them neither declines nor misses the picture in this language; looked up before any
        pattern is tried.
    refuses : str
        Clause in which the model says that it will not or cannot do what was asked.
    misses : str
        Clause in which it says that it sees or got no picture, or asks for one.
    talks : str
        Clause that is about the talk and not about the picture: thanks, rules, offers.
    shows : str
        Clause that tells what is in the picture, although it sounds like talk.
    offers : str
        Beginning of a sentence that offers more, after the answer or instead of it.
    turns : str
        Words in the middle of a sentence before which one clause ends and another begins.
    is_latin : bool, default True
        Whether its letters are Latin.
    """

    hints: tuple[str, ...]
    refuses: str
    misses: str
    talks: str
    shows: str
    offers: str
    turns: str
    is_latin: bool = True


def language(
    *,
    hints: str,
    unable: str,
    works: str,
    identify: str,
    people: str,
    negation: str,
    see: str,
    image: str,
    elsewhere: str,
    upload: str,
    talks: str,
    shows: str,
    offers: str,
    turns: str,
    me: str = "",
    is_latin: bool = True,
) -> Language:
    """Row of the table from the words of a language, in whatever order its sentences have them.

    Parameters
    ----------
    hints : str
        Between vertical bars.
    unable, works : str
        "I cannot", and what is asked of a model: to help, to describe. Near each other they are a refusal.
    identify, people : str
        To recognize, and whom: a refusal only together, as a breed or a brand that is not recognized is an answer.
    negation, see, image : str
        Together, and without `elsewhere`, they say that no picture came.
    elsewhere : str
        What makes the picture a thing in the picture, or the sentence one about what it shows.
    upload : str
        A request for something to be sent; for a picture if `image` is there, too.
    talks, shows, offers, turns : str
        As in `Language`.
    me : str, default ""
        What a refusal must have beside all that, where the rest could be about somebody else.
    is_latin : bool, default True
    """
    first = f"(?=.*(?:{me}))" if me else ""
    help_ = _near(unable, works)
    know = f"(?=.*(?:{people})).*?{_near(unable, identify)}"
    return Language(
        hints=tuple(hints.split("|")),
        refuses=rf"^{first}(?:.*?{help_}|{know})",
        misses=rf"^(?!.*(?:{elsewhere}))(?:(?=.*(?:{negation}))(?=.*(?:{see}))|(?=.*(?:{upload}))).*(?:{image})",
        talks=talks,
        shows=shows,
        offers=offers,
        turns=turns,
        is_latin=is_latin,
    )


def _near(one: str, other: str) -> str:
    return f"(?:(?:{one}).{{0,60}}?(?:{other})|(?:{other}).{{0,60}}?(?:{one}))"
