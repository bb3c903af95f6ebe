"""What the steps of an export share."""

import numpy as np
import pandas as pd
import pytest
from making_pictures import corners, encoded
from PIL import Image

from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters import to_coco, to_jsonl
from vlmkit.exporters.job import start, with_bar


def test_names_are_relative_urls_stay_and_the_rest_says_why(tmp_path, photos):
    """A file that only names pictures cannot name those in memory, in archives, or outside the root."""
    archive = tmp_path / "packed.zip"
    import zipfile

    with zipfile.ZipFile(archive, "w") as file:
        file.write(photos / "a.jpg", "a.jpg")
    pictures = np.empty(5, dtype=object)
    pictures[:] = [
        str(photos / "a.jpg"),
        "https://host/b.jpg",
        str(archive / "a.jpg"),
        Image.new("RGB", (4, 4)),
        "/x.jpg",
    ]
    frame = pd.DataFrame({"image": pictures, "caption": "c", "width": 4, "height": 4})
    with pytest.warns(UserWarning, match="3 of 5 rows are left out; the first: a picture inside an archive"):
        account = to_coco(frame, photos / "set.json", root=photos)
    assert account["action"].tolist()[:5] == ["create", "create", "leave out", "leave out", "leave out"]
    assert account["path"].tolist()[:2] == ["a.jpg", "https://host/b.jpg"]
    reasons = account["reason"].dropna().tolist()
    assert ["archive" in reasons[0], "memory" in reasons[1], "below root" in reasons[2]] == [True] * 3


def test_a_picture_is_named_once(photos, captions):
    """Formats of one entry per picture take the first row of it, and say so."""
    with pytest.warns(UserWarning, match="1 of 6 rows are left out"):
        account = to_coco(pd.concat([captions, captions.head(1)]), photos / "set.json")
    assert account["reason"].dropna().tolist() == ["an earlier row has the same picture."]


def test_copies_have_names_whatever_the_source(tmp_path):
    """Of a URL its last part without the query, where keys stand; of bytes the row's number."""
    frame = pd.DataFrame({"image": ["https://host/a/b.jpg?key=SECRET", encoded(corners(), "JPEG")], "caption": "c"})
    job = start(frame, tmp_path, {}, title="x")
    assert [job.own_name(row) for row in job.rows] == ["b.jpg", "000002"]


def test_only_tables_are_written(tmp_path, captions):
    """Anything else is refused before a file is opened; so is a folder that is a file."""
    with pytest.raises(BadSetting, match="a Series cannot be written"):
        to_jsonl(captions["path"], tmp_path / "set.jsonl")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SetupError, match="file where the folder should be"):
        to_jsonl(captions, tmp_path / "file" / "set.jsonl")
    with pytest.raises(SetupError, match="a folder has this name"):
        to_jsonl(captions, tmp_path)


def test_a_bar_counts_on_stderr(capsys):
    """Only where one is wanted; the items are the same."""
    assert list(with_bar(range(3), total=3, title="set", progress=True)) == [0, 1, 2]
    shown = capsys.readouterr()
    assert "set: 100%" in shown.err
    assert "3/3" in shown.err
    assert list(with_bar(range(3), total=3, title="set", progress=False)) == [0, 1, 2]
    assert list(with_bar(range(3), total=3, title="set", progress="auto")) == [0, 1, 2]
    assert capsys.readouterr().err == shown.out == ""
