"""The card, as the Hub reads it."""

import pandas as pd
import yaml

from vlmkit.exporters.card import Card, card_text, write_card
from vlmkit.exporters.changes import Changes
from vlmkit.exporters.files import Backups
from vlmkit.exporters.options import Options
from vlmkit.exporters.provenance import Provenance

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
