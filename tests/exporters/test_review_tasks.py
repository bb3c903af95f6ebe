"""Label Studio's exports of any project."""

import base64
import json
from pathlib import Path

import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters import merge_edits, read_dataset
from vlmkit.exporters.reading import format_of
from vlmkit.exporters.review_tasks import predicted_values

EXPORTS = Path(__file__).with_name("label_studio")


def result(name, kind, value, **more):
    return {"from_name": name, "to_name": "image", "type": kind, "value": value, **more}


def task(url="/data/local-files/?d=photos/a.jpg", *, results=(), **more):
    people = [{"id": 1, "completed_by": 1, "was_cancelled": False, "result": list(results)}] if results else []
    return {"id": 7, "data": {"image": url}, "annotations": people, "predictions": [], **more}


@pytest.fixture
def read(photos):
    """Write tasks beside the pictures and read them."""

    def read(*tasks, **options):
        (photos / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
        return read_dataset(photos / "export.json", **options)

    return read


def test_an_ordinary_export_comes_back_whole(captions, photos):
    """Predictions are bare numbers in it; what was predicted stands in the annotations, or nowhere."""
    back = read_dataset(EXPORTS / "export.json", root=photos)
    assert back["caption_status"].tolist() == ["accepted", "edited", "flagged", "auto", "auto"]
    assert back["caption"].tolist()[:3] == ["caption of a.jpg", "by hand", "caption of sub/deeper/c.webp"]
    assert back["caption"].isna().tolist() == [False, False, False, True, True]
    merged = merge_edits(captions, back)
    assert merged["caption"].tolist() == ["caption of a.jpg", "by hand", *captions["caption"][2:]]
    assert merged["caption_status"].tolist() == ["accepted", "edited", "flagged", "auto", "auto"]


def test_the_short_form_comes_back_whole(captions, photos):
    """JSON-MIN does not say what was predicted: a text that differs from the table's is an edit."""
    back = read_dataset(EXPORTS / "export_min.json", root=photos)
    assert back["path"].tolist() == [captions["path"][0], captions["path"][1], *captions["path"][3:]]
    merged = merge_edits(captions, back)
    assert merged["caption_status"].tolist() == ["accepted", "edited", "auto", "auto", "auto"]
    assert merged["caption"].tolist() == ["caption of a.jpg", "by hand", *captions["caption"][2:]]


def test_any_control_is_a_column(read, photos):
    """Texts, choices, one or several, numbers, dates, trees and regions, whatever they are called."""
    box = {"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0, "rotation": 0, "rectanglelabels": ["cat"]}
    table = read(
        task(
            results=[
                result("what", "textarea", {"text": ["a cat", "on a mat"]}),
                result("weather", "choices", {"choices": ["sunny"]}),
                result("who", "choices", {"choices": ["cat", "dog"]}),
                result("stars", "rating", {"rating": 4}),
                result("count", "number", {"number": 2.5}),
                result("day", "datetime", {"datetime": "2024-01-02"}),
                result("tree", "taxonomy", {"taxonomy": [["animal", "cat"]]}),
                result("box", "rectanglelabels", box, id="r1", original_width=20, original_height=12),
                result("point", "keypoint", {"x": 5, "y": 6, "width": 1}),
                {"type": "relation", "from_id": "r1", "to_id": "r2", "direction": "right"},
            ]
        )
    )
    row = table.loc[0].to_dict()
    assert row["path"] == str(photos / "a.jpg")
    assert (row["what"], row["weather"], row["who"]) == ("a cat\non a mat", "sunny", ["cat", "dog"])
    assert (row["stars"], row["count"], row["day"]) == (4, 2.5, "2024-01-02")
    assert row["tree"] == [["animal", "cat"]]
    assert row["box"] == [{"id": "r1", "type": "rectanglelabels", "original_width": 20, "original_height": 12} | box]
    assert row["point"] == [{"type": "keypoint", "x": 5, "y": 6, "width": 1}]
    assert row["relations"] == [{"type": "relation", "from_id": "r1", "to_id": "r2", "direction": "right"}]
    assert row["what_status"] == "edited"
    assert row["task_id"] == 7


def test_one_choice_everywhere_is_a_text_and_several_anywhere_are_lists(read):
    """A column is of one type."""
    one, two = (result("c", "choices", {"choices": chosen}) for chosen in (["x"], ["x", "y"]))
    assert read(task(results=[one]), task(results=[one]))["c"].tolist() == ["x", "x"]
    assert read(task(results=[one]), task(results=[two]))["c"].tolist() == [["x"], ["x", "y"]]


def test_several_people(read):
    """The last one counts, and a warning says where they disagree; on demand each is a row. Cancelled ones are none."""
    said = [
        {
            "completed_by": {"email": f"{who}@x"},
            "updated_at": at,
            "was_cancelled": out,
            "result": [result("t", "textarea", {"text": [who]})],
        }
        for who, at, out in (("ann", "2024-02", False), ("bob", "2024-01", False), ("eve", "2024-03", True))
    ]
    with pytest.warns(UserWarning, match="people disagree"):
        assert read(task(annotations=said))["t"].tolist() == ["ann"]
    table = read(task(annotations=said), annotations="all")
    assert table[["t", "annotator"]].to_numpy().tolist() == [["bob", "bob@x"], ["ann", "ann@x"]]


def test_what_models_said_stands_for_what_nobody_did(read):
    """The last prediction, as auto."""
    said = [{"result": [result("t", "textarea", {"text": [text]})]} for text in ("old", "new")]
    table = read(task(predictions=said), task(predictions=[3]))
    assert table["t"].tolist()[0] == "new"
    assert table["t"].isna().tolist() == [False, True]
    assert table["t_status"].tolist() == ["auto", "auto"]
    assert predicted_values({"predictions": [1, 2]}) == {}


URLS = {
    "/data/local-files/?d=photos/sub/b.png": "sub/b.png",
    "/data/local-files/?d=%C3%BC%20%E7%8C%AB%20%231%20%5Bx%5D%2520.jpg": "ü 猫 #1 [x]%20.jpg",
    "http://localhost:8080/data/local-files/?d=mnt/pics/a.jpg": "a.jpg",
    "/data/upload/3/1a2b3c4d-a.jpg": "a.jpg",
    "https://label.example/data/upload/1/0000ffff-turned.jpg": "turned.jpg",
    "s3://bucket/some/sub/b.png": "sub/b.png",
    "/tasks/5/presign/?fileuri=" + base64.urlsafe_b64encode(b"s3://bucket/a.jpg").decode(): "a.jpg",
    "C:\\data\\photos\\a.jpg": "a.jpg",
    "/home/somebody/photos/a.jpg": "a.jpg",
    "a.jpg": "a.jpg",
}


@pytest.mark.parametrize(("url", "name"), URLS.items())
def test_pictures_are_found_by_the_end_of_their_path(read, photos, url, name):
    """Local files, uploads, cloud keys and paths of another machine, below the root."""
    assert read(task(url))["path"].tolist() == [str(photos / name)]


def test_what_is_elsewhere_stays_a_url(read, photos):
    """Pictures on the web and in clouds; a file that is nowhere is told, and one that leads out is not a row."""
    urls = ["https://host/a.jpg?sig=1", "s3://bucket/none.jpg", "gs://bucket/x/none.png"]
    assert read(*map(task, urls))["path"].tolist() == urls
    with pytest.warns(UserWarning, match=r"1 picture, not where.*none\.jpg"):
        assert read(task("/data/local-files/?d=p/none.jpg"))["path"].tolist() == [str(photos / "p" / "none.jpg")]
    with pytest.raises(SetupError, match="leads out"):
        read(task("/data/local-files/?d=../../secret.jpg"))


def test_the_picture_is_found_whatever_its_key(read, photos):
    """Other data are columns; a task of several pictures has all."""
    data = {"title": "t", "captioning": "/data/local-files/?d=a.jpg", "row_id": "0001"}
    row = read({"data": data}).loc[0].to_dict()
    assert (row["path"], row["title"], row["row_id"]) == (str(photos / "a.jpg"), "t", "0001")
    row = read({"data": {"pages": ["a.jpg", "sub/b.png"]}}).loc[0].to_dict()
    assert row["images"] == [str(photos / "a.jpg"), str(photos / "sub" / "b.png")]


def test_the_only_text_can_be_called_otherwise(read):
    """By the caller; several texts keep the names of their controls."""
    text, other = (result(name, "textarea", {"text": ["x"]}) for name in ("what", "why"))
    assert {"caption", "caption_status"} < set(read(task(results=[text]), column="caption").columns)
    assert {"what", "why"} < set(read(task(results=[text, other]), column="caption").columns)


def test_the_short_form_is_known_and_unpacked(read, photos, tmp_path):
    """By its annotator; several choices are in an object there."""
    record = {"image": "a.jpg", "id": 1, "annotator": 1, "tags": {"choices": ["x", "y"]}, "kind": "z", "stars": 3}
    (tmp_path / "short.json").write_text(json.dumps([record]))
    assert format_of(tmp_path / "short.json").name == "label_studio"
    row = read(record).loc[0].to_dict()
    assert (row["path"], row["tags"], row["kind"], row["stars"]) == (str(photos / "a.jpg"), ["x", "y"], "z", 3)
    assert row["kind_status"] == "accepted"


def test_choices_of_the_short_form_are_of_one_type(read):
    """It has one as a text and several in an object; lines of a text are in a list."""
    one = {"image": "a.jpg", "id": 1, "annotator": 1, "tags": "x", "what": ["one", "two"]}
    several = {"image": "sub/b.png", "id": 2, "annotator": 1, "tags": {"choices": ["x", "y"]}}
    table = read(one, several)
    assert table["tags"].tolist() == [["x"], ["x", "y"]]
    assert table["what"].tolist()[0] == "one\ntwo"
    assert table["what_status"].tolist() == ["accepted", "auto"]


def test_names_that_clash_keep_apart(read, photos):
    """A control called like the path, data called like a control; a result without a value is none."""
    said = [result("path", "textarea", {"text": ["p"]}), result("title", "textarea", {"text": ["t"]})]
    row = read({"data": {"image": "a.jpg", "title": "d"}, "annotations": [{"result": said}]}).loc[0].to_dict()
    assert (row["path"], row["path_answer"], row["title"], row["data_title"]) == (str(photos / "a.jpg"), "p", "t", "d")
    assert list(read(task(results=[result("c", "textarea", None)])).columns) == ["path", "task_id"]


def test_edits_are_merged_whatever_the_control_is_called(read, captions):
    """And in the form that exports had before annotations were called so."""
    text = result("whatever", "textarea", {"text": ["by hand"]})
    table = read({"data": {"image": "a.jpg"}, "completions": [{"result": [text]}]})
    assert merge_edits(captions, table)["caption"].tolist()[0] == "by hand"


def test_a_broken_task_does_not_end_it(read):
    """It is left out and told; so is all that follows where the file ends half-way."""
    with pytest.warns(UserWarning, match=r"2 of 3 records are left out: record 2 \(.*record 3"):
        assert len(read(task(), {"data": {"image": "a.jpg"}, "annotations": 5}, 7, format="label_studio")) == 1


@pytest.mark.parametrize("broken", [{"id": 2, "data": None}, {"id": 2, "annotations": []}, {"data": "a.jpg", "id": 3}])
def test_a_task_without_data_adds_no_columns(read, broken):
    """It is no record of the short form either."""
    with pytest.warns(UserWarning, match=r"1 of 2 records are left out: record 2 \(.*no 'data'"):
        table = read(task(), broken, format="label_studio")
    assert not {"data", "annotations", "relations"} & set(table)
