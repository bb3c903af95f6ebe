"""Confidences against how often answers are right, and what is made of them."""

import sys

import numpy as np
import pandas as pd
import pytest
from PIL import ImageFilter

import vlmkit as vk
from vlmkit.errors import BadSetting, MissingExtra, SetupError
from vlmkit.tiny import scenes


def answers(confidence, right):
    """A table whose answers are right where said."""
    return pd.DataFrame({"n": [1 if each else 2 for each in right], "true": 1, "n_confidence": confidence})


def drawn(exponent, count=4000, seed=0):
    """Answers whose true probability is the confidence, bent."""
    source = np.random.default_rng(seed)
    confidence = source.uniform(0.3, 1.0, count)
    return answers(confidence, source.uniform(size=count) < confidence**exponent)


def test_an_honest_confidence_has_no_error_to_speak_of():
    """And is left nearly as it is."""
    found = vk.calibrate(drawn(1), {"n": "true"})
    assert found.error < 0.03
    assert found.mend(pd.Series([0.4, 0.9])).tolist() == pytest.approx([0.4, 0.9], abs=0.06)


def test_a_boast_is_seen_and_mended():
    """The rows that were judged say what later ones are worth."""
    found = vk.calibrate(drawn(3), {"n": "true"})
    assert found.error > 0.15
    later = drawn(3, seed=1)
    later["n_confidence"] = found.mend(later["n_confidence"])
    assert vk.calibrate(later, {"n": "true"}).error < 0.05
    order = found.mend(pd.Series(np.linspace(0, 1, 50)))
    assert order.is_monotonic_increasing
    assert order.between(0, 1).all()


def test_the_error_is_the_mean_distance_by_rows():
    """Worked out by hand: 10 rows at .6 of which 5 are right, 30 at .95 of which 27 are."""
    table = answers([0.6] * 10 + [0.95] * 30, [True] * 5 + [False] * 5 + [True] * 27 + [False] * 3)
    found = vk.calibrate(table, {"n": "true"})
    assert found.error == pytest.approx((10 * 0.1 + 30 * 0.05) / 40)
    assert found.table.to_dict("list") == {
        "low": [0.5, 0.9],
        "high": [0.7, 0.95],
        "rows": [10, 30],
        "confidence": pytest.approx([0.6, 0.95]),
        "right": pytest.approx([0.5, 0.9]),
        "right_low": pytest.approx([0.2366, 0.7438], abs=1e-4),
        "right_high": pytest.approx([0.7634, 0.9654], abs=1e-4),
    }
    assert str(found).endswith("expected calibration error: 0.062")


def test_it_is_drawn(monkeypatch):
    """A point for each range, its interval, and the diagonal on which confidences mean what they say."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    table = answers([0.6] * 10 + [0.95] * 30, [True] * 5 + [False] * 5 + [True] * 27 + [False] * 3)
    axes = vk.calibrate(table, {"n": "true"}).plot()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("confidence", "share that is right")
    (points,) = axes.containers
    assert points.lines[0].get_xydata().tolist() == [pytest.approx([0.6, 0.5]), pytest.approx([0.95, 0.9])]
    heights = [line.vertices[:, 1] for line in points.lines[2][0].get_paths()]
    assert heights[0] == pytest.approx([0.2366, 0.7634], abs=1e-4)
    sys.modules["matplotlib.pyplot"].close("all")
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtra, match=r"vlmkit\[evaluation\]"):
        vk.calibrate(table, {"n": "true"}).plot()


def test_what_is_not_known_is_counted():
    """Rows without an answer, a confidence or a truth say nothing."""
    table = answers([0.9] * 30, [True] * 30).astype({"n": "Int64", "true": "Int64", "n_confidence": "Float64"})
    for row, name in enumerate(("n", "true", "n_confidence")):
        table.loc[row, name] = pd.NA
    found = vk.calibrate(table, {"n": "true"})
    assert (found.rows, found.unknown) == (27, 3)
    mended = found.mend(pd.Series([0.5, None], dtype="Float64", index=["x", "y"], name="c"))
    assert (mended.dtype, mended.name, mended.isna().tolist()) == ("Float64", "c", [False, True])
    assert 0.5 < found.mend(pd.Series([0.9]))[0] < 1.0


def test_what_cannot_be_compared():
    """No confidence, or hardly a row."""
    with pytest.raises(SetupError, match="confidence=True"):
        vk.calibrate(answers([0.5] * 30, [True] * 30).drop(columns="n_confidence"), {"n": "true"})
    with pytest.raises(BadSetting, match="3 rows have"):
        vk.calibrate(answers([0.5] * 3, [True] * 3), {"n": "true"})


@pytest.mark.core_model
def test_the_bundled_model_does_not_boast_about_blurred_pictures():
    """It was taught with such pictures; and what half of the rows say about the others does no harm."""
    drawings = [scenes.make(12_000_000 + number) for number in range(60)]
    blur = ImageFilter.GaussianBlur(9)
    table = pd.DataFrame(
        {
            "image": [drawing.draw().filter(blur) for drawing in drawings],
            "true": [len(drawing.things) for drawing in drawings],
        }
    )
    table = vk.ask(
        table,
        "How many objects are there?",
        dtype=int,
        into="n",
        model="tiny",
        confidence=True,
        store=False,
        progress=False,
    )
    first, second = table.iloc[:30], table.iloc[30:].copy()
    found = vk.calibrate(first, {"n": "true"})
    before = vk.calibrate(second, {"n": "true"})
    second["n_confidence"] = found.mend(second["n_confidence"])
    assert before.error < 0.15
    assert vk.calibrate(second, {"n": "true"}).error < 0.2
