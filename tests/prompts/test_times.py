"""The one time of day in an answer, or none."""

import pytest

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.times import read_time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("14:30", "14:30:00"),
        ("14:30:05", "14:30:05"),
        ("08:00:00.5", "08:00:00.500000"),
        ("2:30 PM", "14:30:00"),
        ("2:30pm.", "14:30:00"),
        ("12 am", "00:00:00"),
        ("12:15 p.m.", "12:15:00"),
        ("at 9 a.m., I think", "09:00:00"),
        ("14.30", "14:30:00"),
        ("14h30", "14:30:00"),
        ("The clock shows 10:10.", "10:10:00"),
        ("10:10 (that is 10:10 AM)", "10:10:00"),
        ("The 3 hands show 7:05", "07:05:00"),
    ],
)
def test_a_time_is_read(text, time):
    """On a clock of twelve or of 24 hours, with words around it."""
    assert read_time(text) == time


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "14",
        "25:00",
        "14:70",
        "13:30 pm",
        "0 am",
        "10:10 or 1:50",
        "9:00-17:00",
        "14:30Z",
        "14:30 UTC",
        "14:30:00+02:00",
        "31.12.2024",
        "1:2:3",
        "1" * 5000 + " 14:30",
    ],
)
def test_what_leaves_doubt_is_no_time(text):
    """None, two of them, or one of another zone."""
    with pytest.raises(UnreadableReply, match="expected a time of day, got"):
        read_time(text)
