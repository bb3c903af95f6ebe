"""Options that several commands share."""

import pytest

from vlmkit.cli.options import asks_for_json


@pytest.mark.parametrize(
    ("line", "is_json"),
    [
        ("describe x -f json", True),
        ("describe x --format jsonl", True),
        ("models --format=json", True),
        ("describe x -fjson --nothing", True),
        ("describe x -f csv", False),
        ("describe json", False),
        ("describe x -f", False),
        ("", False),
    ],
)
def test_whether_json_is_asked_for(line, is_json):
    """Also in a command that is written wrongly otherwise."""
    assert asks_for_json(line.split()) is is_json
