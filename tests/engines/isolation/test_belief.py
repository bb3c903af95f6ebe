"""A child speaks for its own model only, and what cannot be true is refused."""

from dataclasses import replace

import pytest

from vlmkit import errors
from vlmkit.backends.facts import ModelInfo
from vlmkit.backends.protocol import Abilities, Insight, Tile
from vlmkit.engines.isolation.belief import believed_insight, believed_opening, believed_reply, row_fault, setup_fault
from vlmkit.engines.isolation.messages import Called, Failed, Faulted, Opened
from vlmkit.records import Ask, Reply, Sampling, Token, Usage, one_question

ASK = Ask(messages=one_question("What?"), sampling=Sampling(max_tokens=3))
REPLY = Reply(text="a", finish_reason="stop", model="mlx:other", revision="of another", seconds=-1.0, retries=5)
OPENED = Opened(
    abilities=Abilities(images_per_ask=2, lossless=True, destination="https://elsewhere"),
    info=ModelInfo(name="mlx:other", revision="of another", destination="https://elsewhere", slots=2),
)


def test_name_revision_and_place_are_the_parents_word():
    """Whatever the child says of them: answers are stored under them."""
    reply = believed_reply(REPLY, ASK, model="mlx:m", revision="r", seconds=2.0)
    assert reply == Reply(text="a", finish_reason="stop", model="mlx:m", revision="r", seconds=2.0)
    abilities, info = believed_opening(OPENED, model="mlx:m", revision="r")
    assert abilities == Abilities(images_per_ask=2, lossless=True)
    assert info == ModelInfo(name="mlx:m", revision="r", slots=2)


TOKEN = Token(text="a", probability=0.5)
WRONG_REPLIES = [
    ({"finish_reason": "won"}, False),
    ({"usage": Usage(prompt_tokens=-1)}, False),
    ({"usage": Usage(completion_tokens=10**400)}, False),
    ({"tokens": (TOKEN,)}, False),
    ({}, True),
    ({"tokens": (TOKEN,) * 50}, True),
]


@pytest.mark.parametrize(("change", "asked"), WRONG_REPLIES, ids=range(len(WRONG_REPLIES)))
def test_a_reply_that_cannot_be_one_is_refused(change, asked):
    """An unknown end, impossible counts, tokens beside what was asked for."""
    ask = replace(ASK, token_probabilities=asked)
    with pytest.raises(ValueError, match=r"\w"):
        believed_reply(replace(REPLY, **change), ask, model="mlx:m", revision="r", seconds=2.0)
    assert believed_reply(
        replace(REPLY, tokens=(TOKEN,)), replace(ASK, token_probabilities=True), model="", revision="", seconds=0
    ).tokens == (TOKEN,)


WRONG_ABILITIES = [{"images_per_ask": 0}, {"parallel_asks": 10**9}, {"longest_side_px": 10**300}]


@pytest.mark.parametrize("change", WRONG_ABILITIES, ids=str)
def test_abilities_that_nothing_has_are_refused(change):
    """They decide how much memory the parent takes for a picture and how much is asked at once."""
    said = replace(OPENED, abilities=replace(OPENED.abilities, **change))
    with pytest.raises(ValueError, match=next(iter(change))):
        believed_opening(said, model="mlx:m", revision="r")
    with pytest.raises(ValueError, match="remarks"):
        believed_opening(replace(OPENED, info=replace(OPENED.info, remarks=("x" * 10**6,))), model="", revision="")


def test_pixels_fill_the_tiles():
    """Exactly, or not at all."""
    insight = Insight(
        text="a", prompt_tokens=1, tiles=(Tile(width=2, height=1, data=b""), Tile(width=1, height=1, data=b""))
    )
    got = believed_insight(Called(number=1, insight=insight), bytearray(b"abcdefghi"))
    assert [tile.data for tile in got.tiles] == [b"abcdef", b"ghi"]
    for said, block in ((insight, b"abc"), (None, b"")):
        with pytest.raises(ValueError, match=r"\w"):
            believed_insight(Called(number=1, insight=said), bytearray(block))


def test_a_fault_has_a_type_of_the_tree():
    """One of a row for a row, one of the set-up for an opening; any other word is none."""
    for name in ("Refused", "ServerFault", "UnreadableImage", "ImageTooLarge", "Cancelled", "UnreadableReply"):
        fault = row_fault(Faulted(number=1, error=name, message="no"), None)
        assert (type(fault), str(fault)) == (getattr(errors, name), "no")
    late = row_fault(Faulted(number=1, error="TimedOut", message="late"), REPLY)
    assert (type(late), late.partial) == (errors.TimedOut, REPLY)
    for word in ("ModelLoadFailed", "VlmkitError", "SystemExit", "__doc__", ""):
        assert type(row_fault(Faulted(number=1, error=word, message="no"), None)) is errors.ServerFault
    assert type(setup_fault(Failed(error="ModelNotFound", message="gone"))) is errors.ModelNotFound
    for word in ("Refused", "exec", "annotations"):
        assert type(setup_fault(Failed(error=word, message="no"))) is errors.ModelLoadFailed
    assert len(str(setup_fault(Failed(error="BadSetting", message="x" * 10**6)))) < 5000
