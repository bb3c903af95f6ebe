"""Texts without base64."""

import base64
import random

import pytest

from vlmkit.agent.base64_text import without_base64

DATA = random.Random(0).randbytes(1500)
CODED = base64.b64encode(DATA).decode()


def test_a_picture_in_a_text_is_taken_out():
    """With either alphabet, and whatever else the address says."""
    other = CODED.replace("+", "-").replace("/", "_")
    text = f"a data:image/png;charset=x;base64,{CODED}, b data:image/png;base64,{other}"
    assert without_base64(text) == ("a [picture], b [picture]", [DATA, DATA])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"({CODED})", "([base64, 2 kB, not shown])"),
        (f'"{CODED}"'.replace("/", "\\/"), '"[base64, 2 kB, not shown]"'),
        (f"DATA:Audio/wav;base64,{CODED}", "[Audio/wav, 2 kB, not shown]"),
        ("data:;base64,AAAA", "[text/plain, 3 bytes, not shown]"),
        ("data:image/png;base64,AAA", "[image/png that is no base64, not shown]"),
        ("data:text/plain,hello", "data:text/plain,hello"),
        ("a" * 3000, "a" * 3000),
        (CODED[:900], CODED[:900]),
    ],
)
def test_what_is_no_picture_is_named(text, said):
    """A word of one kind of letters, and a short one, is what it is."""
    assert without_base64(text) == (said, [])
