"""Approval of calls that may change something."""

import builtins

import pytest

from vlmkit.agent import ProposedCall, Tool
from vlmkit.agent.approval import approver, why_not
from vlmkit.errors import BadSetting

CALL = ProposedCall(
    tool=Tool(name="drop", server="rows", call=print), arguments={"row": 3, "why": "\x1b[2J"}, call_id="c", turn=1
)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (True, None),
        (False, "no reason was given"),
        ("", "no reason was given"),
        ("not row 3", "not row 3"),
        (1, "no reason was given"),
    ],
)
def test_only_true_is_a_yes(said, reason):
    """A text says why not."""
    assert why_not(lambda call: said, CALL) == reason


@pytest.mark.parametrize(
    ("typed", "reason"), [("y", None), (" YES ", None), ("", "no reason was given"), ("n", "no reason was given")]
)
def test_whoever_sits_at_the_keyboard_is_asked(monkeypatch, typed, reason):
    """The question shows the call, and nothing in it can steer the terminal."""
    asked = []
    monkeypatch.setattr(builtins, "input", lambda question: asked.append(question) or typed)
    assert why_not(approver(True), CALL) == reason
    assert asked == ['Call rows::drop {"row": 3, "why": "\\u001b[2J"}? [y/N] ']


@pytest.mark.parametrize("error", [EOFError, NotImplementedError, OSError])
def test_without_a_keyboard_the_answer_is_no(monkeypatch, error):
    """A notebook that runs by itself has nobody who could say yes."""

    def fail(question):
        raise error("no reader")

    monkeypatch.setattr(builtins, "input", fail)
    assert why_not(approver(True), CALL) == f"nobody could be asked ({error.__name__}: no reader)"


def test_nobody_is_asked_unless_wanted():
    """And what is no function is refused."""
    assert approver(None) is approver(False) is None
    with pytest.raises(BadSetting, match="approve='yes': give True to be asked"):
        approver("yes")
