"""The card, as the Hub reads it."""

import pandas as pd
import pytest
import yaml

import vlmkit as vk
from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters import to_jsonl
from vlmkit.exporters.card import Card, Provenance, card_text, trace, write_card
from vlmkit.exporters.files import Backups, Changes
from vlmkit.exporters.options import Options

FRAME = pd.DataFrame({"path": ["a.jpg"] * 3, "caption|`x`": ["c"] * 3})


def text_of(**given):
    changes = Changes()
    changes.add("a.jpg", "leave out", reason="TimedOut: a.jpg: too late")
    card = Card(**{"frame": FRAME, "title": "CSV", "text": "caption|`x`", "name": "my: [set]\n", "usage": (), **given})
    facts = {"prompt": "Look at `this`\n<script>", "run": 3}
    known = Provenance(models={"m": 2}, run=facts, statuses={"edited": 1}, verdicts={"m": "Its *answers* differ."})
    return card_text(card, known, changes)


def test_the_head_is_yaml_of_the_hub():
    """Whatever a folder is called; sizes are the Hub's classes."""
    _, head, _ = text_of().split("---\n", 2)
    assert yaml.safe_load(head) == {
        "pretty_name": "my: [set]\n",
        "task_categories": ["image-to-text"],
        "size_categories": ["n<1K"],
        "tags": ["image-captioning", "synthetic", "vlmkit"],
    }


def test_the_hub_accepts_it():
    """Its own reader of cards finds the same."""
    from huggingface_hub import DatasetCard

    card = DatasetCard(text_of())
    assert card.data.task_categories == ["image-to-text"]
    assert "2 of 3 rows" in card.text


def test_foreign_text_stays_text():
    """Names, prompts and errors are neither Markdown nor HTML, and an error does not name every picture."""
    text = text_of()
    assert "# my: \\[set\\]" in text
    assert "- Prompt: `` Look at `this` <script> ``" in text
    assert "- `TimedOut`: 1" in text
    assert "- `edited`: 1" in text
    assert "- About `m`: Its \\*answers\\* differ." in text


def test_a_card_of_somebody_else_stays(tmp_path):
    """Ours is then hidden, so that `datasets` does not take it for data, and is replaced the next time."""
    theirs = tmp_path / "README.md"
    theirs.write_text("# mine")
    card = Card(frame=FRAME, title="CSV", text=None, name="x.csv", usage=())
    for action in ("create", "replace"):
        changes = Changes()
        write_card(tmp_path, card, Options(), changes, Backups(tmp_path, enabled=False))
        assert changes.table()["action"].tolist() == [action]
        assert changes.table()["path"].tolist() == [str(tmp_path / ".x.csv.card.md")]
    assert theirs.read_text() == "# mine"


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
