"""Label Studio: tasks out, and people's work back."""

import json

import pytest

from vlmkit.errors import BadSetting
from vlmkit.exporters import merge_edits, read_dataset, to_label_studio


def annotation(text, *, at="2024-01-01", cancelled=False):
    result = {"from_name": "caption", "to_name": "image", "type": "textarea", "value": {"text": [text]}}
    return {"result": [result] if text else [], "was_cancelled": cancelled, "updated_at": at}


def test_what_people_did_comes_back(captions, photos):
    """Edited, left as it was, skipped, twice annotated, untouched: each has its status; merging takes all of it."""
    path = photos / "tasks.json"
    to_label_studio(captions.assign(caption_model="m", caption_revision="r"), path)
    tasks = json.loads(path.read_text(encoding="utf-8"))
    assert tasks[0]["predictions"][0]["model_version"] == "m@r"
    tasks[0]["annotations"] = [annotation("by hand")]
    tasks[1]["annotations"] = [annotation(captions["caption"][1])]
    tasks[2]["annotations"] = [annotation("", cancelled=True)]
    tasks[3]["annotations"] = [annotation("last", at="2024-02-01"), annotation("first", at="2024-01-01")]
    for task in tasks:
        task["id"] = 1000 + len(task)
    path.write_text(json.dumps(tasks), encoding="utf-8")
    back = read_dataset(path)
    assert back["caption_status"].tolist() == ["edited", "accepted", "flagged", "edited", "auto"]
    merged = merge_edits(captions, back)
    assert merged["caption_status"].tolist() == ["edited", "accepted", "flagged", "edited", "auto"]
    assert merged["caption"].tolist()[:4] == ["by hand", *captions["caption"][1:3], "last"]
    assert merged["caption_original"].tolist() == captions["caption"].tolist()


def test_rows_without_a_text_are_tasks_without_a_prediction(captions, photos):
    """Somebody may write one."""
    captions.loc[0, ["caption", "caption_error"]] = [None, "TimedOut: late"]
    to_label_studio(captions, photos / "tasks.json")
    assert "predictions" not in json.loads((photos / "tasks.json").read_text(encoding="utf-8"))[0]


def test_urls_stay_and_patterns_are_checked(captions, photos):
    """A picture on the web is where it is."""
    captions.loc[0, "path"] = "https://host/a b.jpg"
    to_label_studio(captions, photos / "tasks.json", image_url="s3://bucket/{name}")
    urls = [task["data"]["image"] for task in json.loads((photos / "tasks.json").read_text(encoding="utf-8"))]
    assert urls[:2] == ["https://host/a b.jpg", "s3://bucket/sub/b.png"]
    with pytest.raises(BadSetting, match="name"):
        to_label_studio(captions, photos / "other.json", image_url="s3://bucket/")
