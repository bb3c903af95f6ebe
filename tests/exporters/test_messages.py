"""Chat messages."""

import json

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


def test_pictures_inside(captions, photos, tmp_path):
    """The form of OpenAI's fine-tuning; upright, shrunk, without metadata, and readable again."""
    to_messages(captions, tmp_path / "set.jsonl", embed=True, longest_side_px=16)
    system, *_ = records(tmp_path / "set.jsonl")
    part = system["messages"][0]["content"][1]
    assert part["type"] == "image_url"
    assert part["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert isinstance(system["messages"][1]["content"], str)
    back = read_dataset(tmp_path / "set.jsonl").vlm.read_images()
    assert back["width"].tolist() == [16, 16, 16, 8, 16]
    account = to_messages(captions, tmp_path / "set.jsonl", embed=True, longest_side_px=16, if_exists="append")
    assert account["action"].tolist()[:5] == ["skip"] * 5
    assert all(len(path) < 100 for path in account["path"][:5])
