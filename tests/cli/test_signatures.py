"""What a function takes, from its signature and docstring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from vlmkit.cli.signatures import REQUIRED, introduction_of, parameters_of
from vlmkit.frame import caption, describe

if TYPE_CHECKING:
    import pandas as pd


class Few(TypedDict, total=False):
    """Some options.

    Attributes
    ----------
    seed : int, default 7
        Draws the rows. And more.
    """

    seed: int


class More(Few, total=False):
    """Further ones.

    Attributes
    ----------
    mode : {"a", "b"}
        One of two; the other is not.
    card : bool, default True
        Whether there is one.
    """

    mode: Literal["a", "b"]
    card: bool


def sample(
    source: Any, *, low: float = 1, table: pd.Series[Any] = None, system: str | None = None, **options: Unpack[More]
) -> None:
    """Do `something` with ``it``.

    At length.

    Parameters
    ----------
    source : anything
        What it is given.
    low : float
        The end of the scale: ``1`` is possible. Always.
    system
        As for `describe`.
    """


def test_parameters_come_in_order_with_their_first_sentence():
    """Those of a TypedDict and of the one that it extends, too; defaults are told."""
    found = {each.name: each for each in parameters_of(sample)}
    assert list(found) == ["source", "low", "table", "system", "seed", "mode", "card"]
    assert found["source"].default is REQUIRED
    assert found["low"].text == "The end of the scale: 1 is possible. [default: 1]"
    assert (found["seed"].kind, found["seed"].text) == (int, "Draws the rows. [default: 7]")
    assert (found["mode"].kind, found["mode"].text) == (Literal["a", "b"], "One of two.")
    assert (found["mode"].default, found["card"].default) == (None, True)


def test_a_type_that_is_only_for_checkers_is_any():
    """As one that pandas has for them alone."""
    assert {each.name: each.kind for each in parameters_of(sample)}["table"] is Any


def test_what_points_elsewhere_is_read_there():
    """``As for `describe` `` is what describe says."""
    asked = {each.name: each.text for each in parameters_of(describe)}
    assert {each.name: each.text for each in parameters_of(sample)}["system"] == asked["system"]
    assert {each.name: each.text for each in parameters_of(caption)}["max_words"] == asked["max_words"]


def test_the_introduction_is_what_stands_before_the_sections():
    """Without the marks of markup."""
    assert introduction_of(sample) == "Do something with it.\n\nAt length."
