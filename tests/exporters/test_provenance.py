"""Where texts come from: columns of details, and the run whose answers they are; a real run of the bundled model."""

import pytest

import vlmkit as vk
from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters import to_jsonl
from vlmkit.exporters.options import Options
from vlmkit.exporters.provenance import trace


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """Three pictures captioned by the bundled model, and the store that knows."""
    from package_tree import ROOT

    store = tmp_path_factory.mktemp("store") / "answers.sqlite"
    scenes = sorted((ROOT / "datasets" / "scenes").glob("scene-00[1-3].*"))
    frame = vk.caption(vk.read_images([str(path) for path in scenes]), model="tiny", store=store, details=True)
    return frame, store


@pytest.mark.core_model
def test_the_run_of_these_answers_is_found(answered):
    """By comparing texts; one that gave other answers is not taken, whoever ran it."""
    frame, store = answered
    found = trace(frame, "caption", Options(store=store))
    assert found.run["ok"] == 3
    assert "tiny" in found.run["model"]
    assert list(found.models.values()) == [3]
    assert found.verdicts == {"mlx:tiny": "Its answers are those of transformers."}
    others = frame.assign(caption="something else")
    assert trace(others, "caption", Options(store=store)).run is None
    assert trace(others, "caption", Options(store=store, run=1)).run["run"] == 1


@pytest.mark.core_model
def test_edits_do_not_hide_the_run(answered, tmp_path):
    """What a person changed is compared as it was at first; the card tells model, prompt, parameters and edits."""
    frame, store = answered
    frame = frame.assign(caption_original=frame["caption"], caption_status=["edited", "auto", "auto"])
    frame.loc[0, "caption"] = "by hand"
    to_jsonl(frame, tmp_path / "set.jsonl", store=store)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    for part in ("- Prompt: `", "- Parameters: `{", "max_tokens", "- Answered: `3`", "`edited`: 1", "tiny"):
        assert part in card


@pytest.mark.core_model
def test_a_run_that_is_not_there_is_an_error(answered, tmp_path):
    """Named by number, or a store that does not exist."""
    frame, store = answered
    with pytest.raises(BadSetting, match="the newest are 1"):
        trace(frame, "caption", Options(store=store, run=77))
    with pytest.raises(SetupError):
        trace(frame, "caption", Options(store=tmp_path / "none.sqlite"))


def test_nothing_is_claimed_that_is_not_known(captions):
    """No details, no store: no origin."""
    found = trace(captions, "caption", Options())
    assert (found.models, found.run, found.statuses) == ({}, None, {})
