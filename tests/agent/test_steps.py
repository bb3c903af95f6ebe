"""Steps of a conversation, saved and read again."""

import pytest

from vlmkit.agent import Step
from vlmkit.errors import BadSetting


def test_a_step_comes_back_as_it_was(finished):
    """Pictures included."""
    for step in finished.steps:
        assert Step.from_dict(step.to_dict()) == step


@pytest.mark.parametrize(
    "change",
    [
        {"status": "great"},
        {"turn": 0},
        {"turn": True},
        {"text": None},
        {"rows": ["3"]},
        {"rows": 3},
        {"pictures": [{"data": "§"}]},
        {"pictures": ["x"]},
        {"pictures": 1},
    ],
)
def test_what_is_no_step_is_refused(finished, change):
    """A file may have been written by anybody."""
    with pytest.raises(BadSetting, match="A step cannot be read"):
        Step.from_dict(finished.steps[0].to_dict() | change)
    with pytest.raises(BadSetting, match="KeyError: 'turn'"):
        Step.from_dict({})
