"""Which format something is, is seen from its files."""

import json

import pytest
from export_formats import FORMATS

import vlmkit as vk
from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters import read_dataset, reading
from vlmkit.exporters.reading import format_of


@pytest.mark.parametrize("form", FORMATS, ids=lambda each: each.name)
def test_every_format_is_recognized(form, captions, tmp_path):
    """What we write, we know again; what is read has the texts."""
    form.write(captions, tmp_path)
    assert format_of(tmp_path / form.target) == form.name
    assert set(form.texts(vk.read_dataset(tmp_path / form.target))) == set(captions["caption"])


def test_the_contract_is_over_all_formats():
    """A format that is added is tested."""
    assert {form.name for form in FORMATS} == set(reading.FORMATS)


def test_unknown_things_say_so(tmp_path):
    """Nothing there, nothing known, a wrong name or option: each with what would be right."""
    with pytest.raises(SetupError, match="no such file"):
        read_dataset(tmp_path / "none")
    for name, content in (("x.json", "[]"), ("x.xyz", "")):
        (tmp_path / name).write_text(content)
        with pytest.raises(SetupError, match=r"format=…"):
            read_dataset(tmp_path / name)
    (tmp_path / "y.json").write_text("{")
    with pytest.raises(SetupError, match="no JSON"):
        read_dataset(tmp_path / "y.json")
    with pytest.raises(BadSetting, match="'imagefolder', 'parquet'"):
        read_dataset(tmp_path / "x.json", "yolo")
    (tmp_path / "z.json").write_text(json.dumps({"a": {"caption": "c"}}))
    with pytest.raises(BadSetting, match="kohya has no such option; it has: column, root"):
        read_dataset(tmp_path / "z.json", suffix=".txt")
