"""Label Studio: tasks out, and people's work back."""

import json

import pandas as pd
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
    with pytest.warns(UserWarning, match="1 task, people disagree, and the last one counts.*record 4"):
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


CELLS = {
    "text": (["a", "b"], 'TextArea name="it" toName="image" editable="true" maxSubmissions="1"', {"text": ["a"]}),
    "category": (pd.Categorical(["a", "b"]), 'Choices name="it" toName="image" choice="single"', {"choices": ["a"]}),
    "truth": ([True, False], '<Choice value="false"/>', {"choices": ["true"]}),
    "number": ([3, 4], 'Number name="it" toName="image"', {"number": 3}),
    "tags": ([["x", "y"], ["z"]], 'choice="multiple"', {"choices": ["x", "y"]}),
    "many": ([[f"t{i}" for i in range(200)], ["z"]], '<TextArea name="it"', {"text": [f"t{i}" for i in range(200)]}),
}


@pytest.mark.parametrize(("cells", "config", "value"), CELLS.values(), ids=CELLS.keys())
def test_the_control_fits_the_column(captions, photos, cells, config, value):
    """What a person answers with is what the column holds; it comes back as that, and untouched it is not an edit."""
    frame = captions.head(2).assign(it=cells)
    to_label_studio(frame, photos / "tasks.json", column="it")
    assert config in (photos / "tasks.config.xml").read_text(encoding="utf-8")
    tasks = json.loads((photos / "tasks.json").read_text(encoding="utf-8"))
    assert tasks[0]["predictions"][0]["result"][0]["value"] == value
    merged = merge_edits(frame, photos / "tasks.json", column="it")
    assert (merged["it_status"] == "auto").all()
    assert merged["it"].tolist() == frame["it"].tolist()
    tasks[0]["annotations"] = [{"result": tasks[1]["predictions"][0]["result"]}]
    (photos / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    merged = merge_edits(frame, photos / "tasks.json", column="it")
    assert merged["it"].tolist() == [frame["it"].tolist()[1]] * 2
    assert merged["it_status"].tolist() == ["edited", "auto"]


def test_pictures_are_below_the_folder_above(captions, photos):
    """Label Studio refuses a storage that is its whole root; the card has the steps and the variables."""
    to_label_studio(captions, photos / "tasks.json")
    task = json.loads((photos / "tasks.json").read_text(encoding="utf-8"))[0]
    assert task["data"] == {"image": "/data/local-files/?d=photos/a.jpg", "row_id": "a.jpg"}
    card = (photos / "README.md").read_text(encoding="utf-8")
    assert f'LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT="{photos.parent}"' in card
    assert "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true" in card
    assert f'Local files: "{photos}"' in card


def test_the_version_is_the_model(captions, photos):
    """Its name where the table has it, under whatever question; else who wrote the file."""
    frame = captions.assign(all_error=None, all_model="mlx:org/m")
    to_label_studio(frame, photos / "tasks.json", column="caption")
    to_label_studio(captions, photos / "other.json")
    versions = [
        json.loads((photos / name).read_text(encoding="utf-8"))[0]["predictions"][0]["model_version"]
        for name in ("tasks.json", "other.json")
    ]
    assert versions == ["mlx:org/m", "vlmkit"]


def test_urls_stay_and_patterns_are_checked(captions, photos):
    """A picture on the web is where it is."""
    captions.loc[0, "path"] = "https://host/a b.jpg"
    to_label_studio(captions, photos / "tasks.json", image_url="s3://bucket/{name}")
    urls = [task["data"]["image"] for task in json.loads((photos / "tasks.json").read_text(encoding="utf-8"))]
    assert urls[:2] == ["https://host/a b.jpg", "s3://bucket/sub/b.png"]
    with pytest.raises(BadSetting, match="name"):
        to_label_studio(captions, photos / "other.json", image_url="s3://bucket/")
