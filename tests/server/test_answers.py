"""Pieces that wait are put together."""

from hypothesis import given, settings
from hypothesis import strategies as st

from vlmkit.chat import CallArguments, CallStart, ChoiceFinished, ReasoningDelta, TextDelta
from vlmkit.chat.events import gather
from vlmkit.records import Usage
from vlmkit.server.answers import joined

PIECES = st.one_of(
    st.builds(TextDelta, st.text(max_size=3), st.integers(0, 1)),
    st.builds(ReasoningDelta, st.text(max_size=3), st.integers(0, 1)),
    st.builds(CallArguments, st.integers(0, 1), st.text(max_size=3), st.integers(0, 1)),
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=30))
def test_joined_pieces_make_the_same_answer(pieces):
    """Of every mixture of choices, texts and calls."""
    calls = [CallStart(index, f"call_{index}", "look", choice) for index in (0, 1) for choice in (0, 1)]
    assert gather([*calls, *joined(pieces)]) == gather([*calls, *pieces])


def test_neighbors_become_one():
    """And nothing else does."""
    end = ChoiceFinished("stop", Usage())
    events = [TextDelta("a"), TextDelta("b"), TextDelta("c", 1), TextDelta("d"), end]
    assert joined(events) == [TextDelta("ab"), TextDelta("c", 1), TextDelta("d"), end]
