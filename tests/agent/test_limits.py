"""Limits of a conversation."""

import pytest

from vlmkit.agent import AgentLimits
from vlmkit.errors import BadSetting


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_turns", 0),
        ("max_turns", None),
        ("max_turns", 2.0),
        ("max_tool_calls", 0),
        ("max_tokens_total", -1),
        ("timeout_s", 0),
        ("timeout_s", "10"),
        ("tool_timeout_s", None),
        ("pictures_a_turn", 0),
    ],
)
def test_a_limit_that_is_none_is_refused(name, value):
    """By its name."""
    with pytest.raises(BadSetting, match=f"{name}={value!r}: give"):
        AgentLimits(**{name: value})


def test_what_is_not_limited_unless_said():
    """Calls, tokens, time; turns are."""
    limits = AgentLimits()
    assert (limits.max_turns, limits.max_tool_calls, limits.max_tokens_total, limits.timeout_s) == (
        10,
        None,
        None,
        None,
    )
