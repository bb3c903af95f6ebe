"""Any format is read by one verb."""

import json
import re

import pytest

from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters import EXPORT_FORMATS, read_dataset


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
