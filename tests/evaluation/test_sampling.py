"""A few rows that stand for all."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import BadSetting
from vlmkit.evaluation.sampling import stratified_rows


@given(labels=st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=40), rows=st.integers(1, 45))
def test_each_stratum_has_its_share(labels, rows):
    """Exactly so many rows, in order, none twice; each stratum within one of its share, or one for all that fit."""
    table = pd.DataFrame({"kind": labels})
    drawn = stratified_rows(table, rows, by="kind")
    assert drawn == sorted(set(drawn))
    assert len(drawn) == min(rows, len(labels))
    strata = set(labels)
    if len(drawn) >= len(strata):
        assert {labels[row] for row in drawn} == strata
    for label in strata:
        quota = len(drawn) * labels.count(label) / len(labels)
        share = sum(labels[row] == label for row in drawn)
        assert quota - len(strata) <= share <= max(1, quota + 1)


def test_the_seed_draws():
    """The same seed the same rows; without strata any."""
    table = pd.DataFrame({"n": range(100)})
    assert stratified_rows(table, 10, seed=1) == stratified_rows(table, 10, seed=1)
    assert stratified_rows(table, 10, seed=1) != stratified_rows(table, 10, seed=2)
    assert stratified_rows(table, None) == list(range(100))


@pytest.mark.parametrize("rows", [0, -1, 2.5, True, "ten"])
def test_no_number_of_rows(rows):
    """The message says what it takes."""
    with pytest.raises(BadSetting, match="whole number of rows"):
        stratified_rows(pd.DataFrame({"n": [1]}), rows)
