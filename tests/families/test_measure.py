"""The table that vlmkit ships is what the recordings give."""

import importlib.metadata
import json

import pytest

from tests.families import differences, measure, playing, recording
from tests.families.measure import Measured, row, verdict
from vlmkit.engines.families.verdicts import FAITHFULNESS

SHIPPED = json.loads(measure.TABLE.read_text(encoding="utf-8"))
RIGHT, SCALED, SMALL, OTHER = (
    playing.Gap(same_ids=True, logits=1e-5, same_tokens=True),
    playing.Gap(same_ids=True, logits=4.0, same_tokens=True),
    playing.Gap(same_ids=True, logits=5e-3, same_tokens=False),
    playing.Gap(same_ids=False, logits=1e-5, same_tokens=True),
)


def made(*gaps, **changes):
    return Measured(
        **{"serving": "batched", "pictures": 8, "gaps": {str(place): gap for place, gap in enumerate(gaps)}, **changes}
    )


@pytest.mark.parametrize(
    ("gaps", "word"),
    [
        ([RIGHT] * 3, "same"),
        ([RIGHT, SCALED], "nearly"),
        ([RIGHT, SMALL], "differs"),
        ([RIGHT, OTHER], "differs"),
        ([RIGHT, OTHER, SMALL], "wrong"),
        ([], "fails"),
    ],
)
def test_a_verdict_is_of_the_worst(gaps, word):
    """Words that differ, in few questions or in most; logits alone; or nothing to compare."""
    assert verdict([made(*gaps)]) == word
    assert word in FAITHFULNESS


def test_a_row_counts_all_recordings_of_a_family():
    """Both layouts of each; what cannot be opened is not an answer."""
    told = row({"a": {"v4": made(RIGHT, SCALED), "v5": Measured(fault="no")}, "b": {"v4": made(RIGHT, serving="x")}})
    assert told == {
        "verdict": "nearly",
        "why": "",
        "logits": 4.0,
        "questions": 3,
        "same_ids": 3,
        "same_tokens": 3,
        "layouts": ["v4"],
        "serving": "batched",
        "pictures": 8,
    }
    assert row({"a": {"v4": Measured(fault="no")}}) | {"why": ""} == {
        **dict.fromkeys(("questions", "same_ids", "same_tokens", "pictures"), 0),
        "verdict": "fails",
        "why": "",
        "logits": None,
        "layouts": [],
        "serving": "",
    }


def test_every_recorded_family_is_in_the_table():
    """Under its model type, with the reasons known today and the versions installed."""
    kinds = {}
    for name in recording.families():
        kinds.setdefault(measure.model_type(recording.load(name)), {})[name] = {}
    assert {kind: families["why"] for kind, families in SHIPPED["families"].items()} == {
        kind: row(families)["why"] for kind, families in sorted(kinds.items())
    }
    for package in ("mlx-vlm", "transformers"):
        assert SHIPPED[package.replace("-", "_")] == importlib.metadata.version(package)


def test_what_is_wrong_has_a_reason():
    """And what has none is the same."""
    for family, told in SHIPPED["families"].items():
        assert told["why"] or told["verdict"] == "same", family
    assert all(entry.family in recording.families() for entry in differences.DIFFERENCES)


def _is_as_shipped(found):
    for family, told in measure.table(found)["families"].items():
        shipped = SHIPPED["families"][family]
        assert {**told, "logits": 0} == {**shipped, "logits": 0}, family
        # How much rounding there is, is the machine's business.
        assert (told["logits"] or 0) <= max(playing.SAME, 2 * (shipped["logits"] or 0)), family


def test_a_core_family_is_measured_as_shipped():
    """One that is asked everything in seconds."""
    _is_as_shipped(measure.measure_all(["qwen2_vl"]))


@pytest.mark.slow_test
def test_all_families_are_measured_as_shipped():
    """The whole table, from nothing."""
    _is_as_shipped(measure.measure_all())
