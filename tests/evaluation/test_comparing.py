"""Models and prompts on the same pictures, through the real store."""

import sys

import pytest

from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import BadSetting, MissingExtra, SetupError, UnknownModel
from vlmkit.evaluation.comparing import compare


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
