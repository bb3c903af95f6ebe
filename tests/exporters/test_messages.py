"""Chat messages."""

import json

import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters import read_dataset, to_messages


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_pictures_by_name(captions, photos):
    """The form of TRL and its like: one type throughout, a sign per picture."""
    to_messages(captions, photos / "set.jsonl", system="Be brief.", prompt="What?")
    first = records(photos / "set.jsonl")[0]
    assert first["images"] == ["a.jpg"]
    assert [turn["role"] for turn in first["messages"]] == ["system", "user", "assistant"]
    assert first["messages"][1]["content"] == [{"type": "image"}, {"type": "text", "text": "What?"}]
    assert first["messages"][2]["content"] == [{"type": "text", "text": captions["caption"][0]}]


def test_pictures_by_name_and_texts_as_texts(captions, photos):
    """The form of LLaMA-Factory: one sign in the question, none in the answer; the card has what is still typed."""
    captions.loc[0, "caption"] = "an <image> and a <video>"
    to_messages(captions, photos / "set.jsonl", system="Be brief.", prompt="What?", style="text")
    first = records(photos / "set.jsonl")[0]
    assert [turn["content"] for turn in first["messages"]] == [
        "Be brief.",
        "<image>\nWhat?",
        "an (image) and a (video)",
    ]
    card = (photos / "README.md").read_text(encoding="utf-8")
    assert '"file_name": "set.jsonl"' in card
    assert "ROOT_IMAGE_DIR=" in card
    back = read_dataset(photos / "set.jsonl")
    assert back["path"].tolist() == captions["path"].tolist()
    assert (captions.vlm.merge_edits(back)["caption_status"] == "auto").all()


def test_whole_paths_are_files_from_anywhere(captions, photos, tmp_path):
    """`datasets` opens them wherever it is started; read back, they must be below the root."""
    to_messages(captions, tmp_path / "other" / "set.jsonl", full_path=True)
    named = [record["images"][0] for record in records(tmp_path / "other" / "set.jsonl")]
    assert named == captions["path"].tolist()
    assert read_dataset(tmp_path / "other" / "set.jsonl", root=photos)["path"].tolist() == named
    with pytest.raises(SetupError, match="leads out"):
        read_dataset(tmp_path / "other" / "set.jsonl")


def test_pictures_inside_beside_texts(captions, tmp_path):
    """What OpenAI's own examples look like."""
    to_messages(captions, tmp_path / "set.jsonl", embed=True, style="text", system="Be brief.", longest_side_px=16)
    system, question, answer = records(tmp_path / "set.jsonl")[0]["messages"]
    assert (system["content"], answer["content"]) == ("Be brief.", captions["caption"][0])
    assert [part["type"] for part in question["content"]] == ["text", "image_url"]


def test_pictures_inside(captions, photos, tmp_path):
    """The form of OpenAI's fine-tuning; upright, shrunk, without metadata, and readable again."""
    to_messages(captions, tmp_path / "set.jsonl", embed=True, longest_side_px=16)
    system, *_ = records(tmp_path / "set.jsonl")
    part = system["messages"][0]["content"][1]
    assert part["type"] == "image_url"
    assert part["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert system["messages"][1]["content"] == [{"type": "text", "text": captions["caption"][0]}]
    back = read_dataset(tmp_path / "set.jsonl").vlm.read_images()
    assert back["width"].tolist() == [16, 16, 16, 8, 16]
    account = to_messages(captions, tmp_path / "set.jsonl", embed=True, longest_side_px=16, if_exists="append")
    assert account["action"].tolist()[:5] == ["skip"] * 5
    assert all(len(path) < 100 for path in account["path"][:5])
