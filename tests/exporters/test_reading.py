"""Any format is read by one verb."""

import json
import re

import pytest
from export_formats import FORMATS

import vlmkit as vk
from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters import EXPORT_FORMATS, read_dataset
from vlmkit.exporters.reading import Candidate, format_of


def test_the_docstring_names_every_format():
    """In the order of the table."""
    described = read_dataset.__doc__.partition("format : ")[2].partition("or one that a plugin brings")[0]
    assert re.findall(r'"(\w+)"', described) == EXPORT_FORMATS.names()


def test_unknown_things_say_so(tmp_path):
    """Nothing there, nothing known, a wrong name or option: each with what would be right."""
    with pytest.raises(SetupError, match="no such file"):
        read_dataset(tmp_path / "none")
    for name, content in (("x.json", "[]"), ("x.xyz", "")):
        (tmp_path / name).write_text(content)
        with pytest.raises(SetupError, match=r"format=…"):
            read_dataset(tmp_path / name)
    (tmp_path / "y.json").write_text("{")
    with pytest.raises(SetupError, match="not JSON"):
        read_dataset(tmp_path / "y.json")
    with pytest.raises(BadSetting, match="'imagefolder', 'parquet'"):
        read_dataset(tmp_path / "x.json", "yolo")
    (tmp_path / "z.json").write_text(json.dumps({"a": {"caption": "c"}}))
    with pytest.raises(BadSetting, match="kohya has no such option; it has: column, root"):
        read_dataset(tmp_path / "z.json", suffix=".txt")


@pytest.mark.parametrize("form", FORMATS, ids=lambda each: each.name)
def test_every_format_is_recognized(form, captions, tmp_path):
    """What we write, we know again; what is read has the texts."""
    form.write(captions, tmp_path)
    assert format_of(tmp_path / form.target) is form.row
    assert set(form.texts(vk.read_dataset(tmp_path / form.target))) == set(captions["caption"])


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (["metadata.jsonl", "a.txt", "b.tar"], "imagefolder"),
        (["b.tar", "a.xmp", "a.txt"], "webdataset"),
        (["a.xmp", "a.txt"], "xmp"),
        (["cats/a.jpg", "cats/a.txt"], "sidecars"),
        (["cats/a.jpg", "dogs/b.jpg"], "imagefolder"),
    ],
)
def test_the_surest_mark_of_a_folder_counts(files, name, tmp_path):
    """Metadata before shards, those before files beside pictures; folders of pictures are classes where nothing is."""
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("")
    assert format_of(tmp_path).name == name


@pytest.mark.parametrize(
    ("file", "content", "name"),
    [
        ("a.json", {"images": [], "annotations": []}, "coco"),
        ("a.json", {"a.jpg": {"caption": "c"}}, "kohya"),
        ("a.json", {"conversations": [], "images": []}, "llava"),
        ("a.json", [{"messages": []}], "messages"),
        ("a.json", [{"data": {}}], "label_studio"),
        ("a.json", [{"path": "a.jpg"}], "jsonl"),
        ("a.jsonl", {"images": []}, "jsonl"),
        ("a.ndjson", {"conversations": []}, "llava"),
        ("a.TSV", 1, "csv"),
    ],
)
def test_a_file_is_known_by_its_ending_and_its_first_record(file, content, name, tmp_path):
    """One JSON object is another thing than several."""
    (tmp_path / file).write_text(json.dumps(content))
    assert format_of(tmp_path / file).name == name


def test_what_is_nothing_known_is_said(tmp_path):
    """With all that is known, and how to name it."""
    with pytest.raises(SetupError, match=r"none of the formats imagefolder, .*csv, .*Name it: format=…"):
        format_of(tmp_path)


def test_a_candidate_is_read_once(tmp_path):
    """Each sniffer sees what the one before it found out."""
    file = tmp_path / "a.json"
    file.write_text('[{"n": 1}, {"n": 2}]')
    candidate = Candidate(file)
    assert (candidate.is_folder, candidate.is_json, candidate.document, candidate.record) == (
        False,
        True,
        None,
        {"n": 1},
    )
    file.unlink()
    assert candidate.record == {"n": 1}
