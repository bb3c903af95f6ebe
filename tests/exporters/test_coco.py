"""COCO captions."""

import json

from vlmkit.exporters import read_dataset, to_coco


def test_what_is_there_keeps_its_ids(captions, photos):
    """Hand-made annotations, several to an image, and keys that are not ours, when new images are added."""
    theirs = {
        "info": {"year": 2020},
        "licenses": [{"id": 7}],
        "images": [{"id": 41, "file_name": "a.jpg", "width": 1, "height": 2, "flickr_url": "x"}],
        "annotations": [{"id": 9, "image_id": 41, "caption": "one"}, {"id": 12, "image_id": 41, "caption": "two"}],
    }
    path = photos / "set.json"
    path.write_text(json.dumps(theirs))
    to_coco(captions, path, if_exists="prepend")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["info"] == theirs["info"]
    assert content["licenses"] == theirs["licenses"]
    assert content["images"][-1] == theirs["images"][0]
    assert content["annotations"][-2:] == theirs["annotations"]
    assert [image["id"] for image in content["images"]] == [42, 43, 44, 45, 41]
    assert [each["id"] for each in content["annotations"]] == [13, 14, 15, 16, 9, 12]
    back = read_dataset(path)
    assert back["caption"].tolist()[-2:] == ["one", "two"]
    assert back["image_id"].tolist()[-2:] == [41, 41]


def test_sizes_are_those_stored(captions, photos):
    """From the table's columns or the files' headers, before EXIF turns anything."""
    to_coco(captions, photos / "set.json")
    images = json.loads((photos / "set.json").read_text(encoding="utf-8"))["images"]
    assert [(image["width"], image["height"]) for image in images] == [(20, 12), (21, 12), (22, 12), (23, 12), (24, 12)]
    to_coco(captions.assign(width=7, height=8), photos / "other.json")
    assert json.loads((photos / "other.json").read_text(encoding="utf-8"))["images"][0]["width"] == 7


def test_an_image_without_captions_is_a_row(photos):
    """NA, so that it is seen."""
    content = {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": []}
    (photos / "set.json").write_text(json.dumps(content))
    assert read_dataset(photos / "set.json")["caption"].isna().tolist() == [True]
