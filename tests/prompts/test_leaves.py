"""What a column can hold, leaf by leaf."""

import pytest
from pydantic import TypeAdapter

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.kinds import kind_of
from vlmkit.prompts.leaves import fitted


def fit(type_, value):
    """Value as a column of this type has it."""
    return fitted(kind_of(TypeAdapter(type_).json_schema()), value, "x")


@pytest.mark.parametrize(
    ("type_", "value", "held"),
    [
        (int, 2**63 - 1, 2**63 - 1),
        (int, -(2**63), -(2**63)),
        (float, 3, 3.0),
        (float, "12.50", 12.5),
        (str, "a \ud83d b", "a \ufffd b"),
        (list[str], ["\udc00"], ["\ufffd"]),
        (set[int], [10, 9], [9, 10]),
        (bool, True, True),
        (int, None, None),
    ],
)
def test_what_a_column_holds(type_, value, held):
    """Whole numbers of 64 bits, finite numbers, texts of whole characters, sets in an order."""
    assert fit(type_, value) == held


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (int, 2**63),
        (int, -(2**63) - 1),
        (list[int], [1, 10**30]),
        (int, True),
        (int, "3"),
        (float, float("nan")),
        (float, 10**400),
        (float, "many"),
        (float, False),
        (str, 3),
        (bool, 1),
        (list[int], {"a": 1}),
    ],
)
def test_what_no_column_holds_is_that_rows_fault(type_, value):
    """Of whatever wrote it: a model, or somebody's validator."""
    with pytest.raises(UnreadableReply, match=r"does not fit the schema: (an item of )?x"):
        fit(type_, value)
