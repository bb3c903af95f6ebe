"""COCO captions."""

import json

import pytest

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


def read(folder, images, annotations, where="set.json", **more):
    (folder / where).parent.mkdir(exist_ok=True)
    (folder / where).write_text(json.dumps({"images": images, "annotations": annotations, **more}))
    return read_dataset(folder / where)


def test_two_images_of_one_id_are_two_rows(photos):
    """No caption is surely one's own: neither has it, and the row says why."""
    images = [
        {"id": 1, "file_name": "a.jpg"},
        {"id": "1", "file_name": "sub/b.png"},
        {"id": 2, "file_name": "turned.jpg"},
    ]
    with pytest.warns(UserWarning, match="annotation 1 .*2 images have this id"):
        table = read(
            photos, images, [{"id": 1, "image_id": 1, "caption": "x"}, {"id": 2, "image_id": 2, "caption": "y"}]
        )
    assert table["path"].tolist() == [str(photos / name) for name in ("a.jpg", "sub/b.png", "turned.jpg")]
    assert table["caption"].fillna("").tolist() == ["", "", "y"]
    assert table["caption_error"].notna().tolist() == [True, True, False]


@pytest.mark.parametrize(("one", "other"), [("7", 7), (7, "7"), (7.0, 7), ("img-a", "img-a"), (7, 7)])
def test_ids_of_any_type_join(photos, one, other):
    """Numbers, texts, and one for the other."""
    table = read(photos, [{"id": one, "file_name": "a.jpg"}], [{"id": "x9", "image_id": other, "caption": "c"}])
    assert table["caption"].tolist() == ["c"]
    assert table["annotation_id"].tolist() == ["x9"]


def test_broken_annotations_and_images_are_told(photos):
    """About images that are not there, without a key, or no object: the rest is read."""
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 2}, 5]
    annotations = [
        {"id": 1, "image_id": 1, "caption": "c"},
        {"id": 2, "image_id": 99, "caption": "d"},
        {"caption": "e"},
    ]
    with pytest.warns(UserWarning, match=r"4 of 5 records are left out: annotation 2 \(it is about image 99"):
        table = read(photos, images, annotations)
    assert table["caption"].tolist() == ["c"]
    table = read(photos, [{"id": "0007", "coco_url": "http://x/z.jpg"}], [{"image_id": "0007", "caption": 5}])
    assert table[["path", "caption", "image_id"]].to_numpy().tolist() == [["http://x/z.jpg", "5", "0007"]]
    (photos / "bare.json").write_text(json.dumps({"images": [{"file_name": "a.jpg", "captions": ["x", "y"]}]}))
    assert read_dataset(photos / "bare.json")["caption"].tolist() == ["x\ny"]


def test_objects_come_along(photos):
    """Names of categories and boxes, beside captions where there are any."""
    annotations = [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]}]
    table = read(photos, [{"id": 1, "file_name": "a.jpg"}], annotations, categories=[{"id": 3, "name": "cat"}])
    assert table["category"].tolist() == ["cat"]
    assert table["bbox"].tolist() == [[1, 2, 3, 4]]
    assert table["caption"].isna().all()


def test_pictures_lie_beside_the_annotations(photos):
    """The usual folders are looked through; a picture that is nowhere is told, and its row stays."""
    (photos / "images").mkdir()
    (photos / "images" / "z.jpg").write_bytes((photos / "a.jpg").read_bytes())
    annotations = [{"id": 1, "image_id": 1, "caption": "c"}]
    for name in ("z.jpg", "images/z.jpg", "../images/z.jpg"):
        table = read(photos, [{"id": 1, "file_name": name}], annotations, "annotations/set.json")
        assert table["path"].tolist() == [str(photos / "images" / "z.jpg")]
    with pytest.warns(UserWarning, match=r"1 picture, not where .*none\.jpg"):
        read(photos, [{"id": 1, "file_name": "none.jpg"}], annotations, "annotations/set.json")


def test_an_image_without_captions_is_a_row(photos):
    """NA, so that it is seen."""
    content = {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": []}
    (photos / "set.json").write_text(json.dumps(content))
    assert read_dataset(photos / "set.json")["caption"].isna().tolist() == [True]
