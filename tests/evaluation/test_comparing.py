"""Models and prompts on the same pictures, through the real store."""

import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import BadSetting, MissingExtra, SetupError, UnknownModel
from vlmkit.evaluation.comparing import compare, stratified_rows


@pytest.fixture
def liar():
    """A model that always says two."""
    backend = FakeBackend("liar", replies="2")
    yield backend
    backend.close()


@pytest.mark.core_model
def test_styles_against_the_truth(scenes, truth, store):
    """The style of the truth wins; a second time nobody is asked, and the figures are the same."""
    scenes["right"] = truth["brief"][: len(scenes)]
    arguments = {"models": "tiny", "prompts": ["brief", "detailed"], "truth": "right", "store": store, "sample": 12}
    first = compare(scenes, **arguments)
    assert first.frame.index.tolist() == ["brief", "detailed"]
    assert first.frame.loc["brief", "exact"] > 0.8
    assert first.frame.loc["detailed", "exact"] == 0
    assert first.frame["rows"].tolist() == [12, 12]
    assert (first.frame["completion_tokens"] > 5).all()
    assert (first.frame[["seconds_per_image", "peak_memory_mb"]] > 0).all(axis=None)
    better = first.quality[(first.quality["column"] == "detailed") & (first.quality["measure"] == "rouge_l")].iloc[0]
    assert better["difference_high"] < 0
    again = compare(scenes, **arguments)
    assert again.frame["seconds_per_image"].isna().all()
    assert again.answers[["brief", "detailed"]].equals(first.answers[["brief", "detailed"]])
    measures = [name for name in first.frame.columns if name.startswith(("exact", "rouge", "chrf", "bleu", "cider"))]
    assert again.frame[measures].equals(first.frame[measures])


@pytest.mark.core_model
def test_two_models_and_typed_answers(scenes, truth, store, liar):
    """Numbers are judged as numbers; agreement is what is left above chance."""
    comparison = compare(
        scenes,
        models=["tiny", liar],
        prompts=["How many objects are there?"],
        truth=truth["count"][: len(scenes)],
        dtype=int,
        store=store,
        stratify="format",
        sample=10,
        image="path",
    )
    assert comparison.frame.index.tolist() == ["tiny", "fake:liar"]
    assert comparison.frame.loc["tiny", "exact"] > comparison.frame.loc["fake:liar", "exact"]
    (pair,) = comparison.agreement.to_dict("records")
    assert pair["measure"] == "krippendorff_alpha"
    assert pair["value"] < 0.5
    assert comparison.answers["fake:liar"].tolist() == [2] * 10


def test_prompts_may_be_arguments(scenes, liar):
    """Names of one's own; full names where a short one is taken."""
    scenes["plain"] = "taken"
    prompts = {"plain": "What is it?", "short": {"style": "brief", "max_words": 3}}
    comparison = compare(scenes.head(2), models=liar, prompts=prompts, store=False)
    assert comparison.frame.index.tolist() == ["fake:liar / plain", "fake:liar / short"]
    assert [ask.prompt for ask in liar.asks[::2]] == [
        "What is it?",
        "Describe this image in one short sentence. Use at most 3 words.",
    ]
    assert comparison.quality is None
    assert "exact" not in comparison.frame.columns


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"models": ["tiny", "nonsense"]}, UnknownModel, "nonsense"),
        ({"models": []}, BadSetting, "one or more"),
        ({"models": ["tiny", "tiny"]}, BadSetting, "each once"),
        ({"models": "tiny", "prompts": []}, BadSetting, "one or more"),
        ({"models": "tiny", "prompts": ["brief", "brief"]}, BadSetting, "twice"),
        ({"models": "tiny", "prompts": {"a": 3}}, BadSetting, "prompts: 3"),
        ({"models": "tiny", "truth": "nowhere"}, SetupError, "'nowhere'"),
        ({"models": "tiny", "prompts": "brief", "dtype": int}, BadSetting, "is not a question"),
    ],
)
def test_wrong_calls(scenes, arguments, error, message):
    """Found before anything is asked."""
    with pytest.raises(error, match=message):
        compare(scenes, store=False, **arguments)


def test_before_and_after_examples(scenes):
    """Accepted rows are shown before the question; the column of their answers is named by `into`."""
    backend = FakeBackend(replies="A cat.", abilities=Abilities(images_per_ask=4))
    gold = scenes.head(2).assign(caption=["A dog.", "A bird."])
    after = {"style": "brief", "examples": gold, "into": "caption"}
    comparison = compare(scenes[2:4], models=backend, prompts={"before": "brief", "after": after}, store=False)
    backend.close()
    assert comparison.frame.index.tolist() == ["before", "after"]
    assert [len(ask.messages) // 2 for ask in backend.asks] == [0, 0, 2, 2]
    assert "A dog." in str(backend.asks[2].messages[:-1])


def test_what_is_not_installed_is_said_before_anything_is_asked(first_scenes, monkeypatch):
    """Only where measures need it: answers of a closed set, and measures of our own, do without."""
    asked = []
    backend = FakeBackend("counting", replies=lambda ask: asked.append(ask) or "a")
    table = first_scenes.head(2).assign(right="a")
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    with pytest.raises(MissingExtra, match=r"vlmkit\[evaluation\]"):
        compare(table, models=backend, truth="right", store=False)
    assert asked == []
    few = compare(table, models=backend, truth="right", store=False, evaluation={"text_measures": ["exact"]})
    assert few.frame["exact"].tolist() == [1.0]
    chosen = compare(table, models=backend, prompts="a or b?", choices=["a", "b"], truth="right", store=False)
    assert len(chosen.quality)
    backend.close()


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
