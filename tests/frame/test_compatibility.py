"""Compatibility before the download: one model as an object, several as a table."""

from dataclasses import replace

import pandas as pd
import pytest

import vlmkit as vk
from vlmkit.backends.compatibility import Compatibility
from vlmkit.errors import BadSetting, ModelNotFound


def test_one_name_is_an_object():
    """However the model is named."""
    found = vk.compat("tiny")
    assert isinstance(found, Compatibility)
    assert replace(found, free_bytes=None) == replace(vk.compat("mlx:tiny"), free_bytes=None)
    assert (found.name, found.verdict) == ("tiny", "same")


def test_several_names_are_a_table():
    """In their order, with nullable types; a name that cannot be looked up has its error and nothing else."""
    table = vk.compat(["tiny", "org/none", "ollama:qwen"])
    assert list(table["name"]) == ["tiny", "org/none", "ollama:qwen"]
    assert list(table["verdict"].isna()) == [False, True, True]
    first, second, third = table["error"]
    assert first is pd.NA
    assert second.startswith("ModelNotFound: org/none is not wholly on this machine")
    assert third.startswith("BadSetting: ollama:qwen")
    assert table.loc[0, ["longest_side_px", "is_here"]].tolist() == [144, True]
    assert {str(kind) for kind in table.dtypes} == {"string", "Int64", "boolean"}
    assert list(vk.compat([]).columns) == list(table.columns)


def test_one_name_that_cannot_be_looked_up_raises():
    """As a load would."""
    with pytest.raises(ModelNotFound):
        vk.compat("org/none")
    with pytest.raises(BadSetting, match=r"vk\.check"):
        vk.compat("ollama:qwen")
