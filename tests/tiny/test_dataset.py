"""The bundled folder of scenes is what the script draws."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from vlmkit.tiny import dataset, scenes

BUNDLED = Path(__file__).parents[2] / "datasets" / "scenes"


def is_drawn_there(pixels, boxes, objects):
    """Whether each box of thousandths holds pixels of its object's color."""
    height, width, _ = pixels.shape
    for (left, top, right, bottom), thing in zip(boxes, objects, strict=True):
        inside = pixels[top * height // 1000 : bottom * height // 1000, left * width // 1000 : right * width // 1000]
        near = np.abs(inside.astype(int) - scenes.color_of(thing["color"])).max(axis=2) < 60
        if near.mean() < 0.2:
            return False
    return True


def test_written_folder_is_an_imagefolder_with_the_truth(tmp_path):
    """Names, captions and fields of the metadata belong to the picture beside it."""
    files = dataset.write(tmp_path, 12)
    rows = [json.loads(line) for line in (tmp_path / "metadata.jsonl").read_text().splitlines()]
    assert [row["file_name"] for row in rows] == [file.name for file in files]
    for row in rows:
        scene = scenes.make(row["seed"])
        assert row["brief"] == scene.caption("brief")
        assert row["count"] == len(scene.things)
        assert len(row["boxes"]) == row["count"]
        with Image.open(tmp_path / row["file_name"]) as picture:
            assert is_drawn_there(np.asarray(picture.convert("RGB")), row["boxes"], row["objects"])
            assert picture.width * scene.height == picture.height * scene.width
    assert len({file.suffix for file in files}) >= 3


def test_bundled_dataset_is_the_scripts(tmp_path):
    """The truth is equal to the letter, the pixels of lossless files nearly (Pillow's versions differ in rounding)."""
    dataset.write(tmp_path, 200)
    assert (tmp_path / "metadata.jsonl").read_text() == (BUNDLED / "metadata.jsonl").read_text()
    names = {file.name for file in tmp_path.iterdir()}
    assert names <= {file.name for file in BUNDLED.iterdir()}
    lossless = sorted(name for name in names if name.endswith(".png"))[:10]
    for name in lossless:
        fresh, kept = (np.asarray(Image.open(folder / name)).astype(int) for folder in (tmp_path, BUNDLED))
        assert np.abs(fresh - kept).mean() < 1
