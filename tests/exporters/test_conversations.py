"""What conversations about pictures share."""

from pathlib import Path

import pytest

from vlmkit.errors import BadSetting
from vlmkit.exporters.conversations import check_prompt, table_of_turns, without_token
from vlmkit.exporters.documents import Entry


def test_no_text_stands_for_a_picture():
    """Trainers count these signs."""
    assert without_token("an <image> of <image>") == "an (image) of (image)"
    assert check_prompt("What is it?") == "What is it?"
    for wrong in ("", " \n", "<image> What?"):
        with pytest.raises(BadSetting, match="plain text"):
            check_prompt(wrong)


def test_turns_become_rows(tmp_path):
    """Paths below the root."""
    entries = [Entry(name="a.jpg", text="x", record={"prompt": "p"})]
    table = table_of_turns(entries, tmp_path / "set.json", None, "answer")
    assert table.to_dict("records") == [{"path": str(Path(tmp_path) / "a.jpg"), "prompt": "p", "answer": "x"}]
