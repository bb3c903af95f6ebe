"""The methods of ``df.vlm`` and ``series.vlm`` that this room answers."""

import inspect

import pandas as pd
import pytest

from vlmkit import evaluation
from vlmkit.accessor import Accessor
from vlmkit.evaluation.alignment import accepted
from vlmkit.evaluation.near_duplicates import duplicates
from vlmkit.evaluation.uncertain_rows import uncertainty

FUNCTIONS = {
    **{name: getattr(evaluation, name) for name in ("compare", "evaluate", "lint", "verify")},
    "accepted": accepted,
    "uncertainty": uncertainty,
    "duplicates": duplicates,
}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_each_takes_what_its_function_takes(name):
    """By position; the rest goes by name."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    method = [p.name for p in inspect.signature(getattr(Accessor, name)).parameters.values() if p.kind in kinds]
    function = [p.name for p in inspect.signature(FUNCTIONS[name]).parameters.values() if p.kind in kinds]
    assert method[1:] == function[1:]


def test_they_are_the_functions(scenes):
    """On a table, and on a Series where there is one column only."""
    table = scenes.head(3).assign(n=[1, 2, 3], t=[1, 2, 4], text=["A cat.", "**A dog.**", "x"])
    table = table.assign(text_status=["accepted", "auto", "auto"], n_confidence=[0.9, 0.1, 0.5])
    pd.testing.assert_frame_equal(table.vlm.evaluate(truth={"n": "t"}), evaluation.evaluate(table, truth={"n": "t"}))
    assert table.vlm.lint("text")["rule"].tolist() == ["markdown"]
    assert table["text"].vlm.lint(fix=True).tolist() == ["A cat.", "A dog.", "x"]
    assert table.vlm.accepted()["text"].tolist() == ["A cat."]
    assert table.vlm.uncertainty("n").index.tolist() == [1, 2, 0]
    assert table.vlm.duplicates().empty
    assert table["path"].vlm.duplicates().empty
