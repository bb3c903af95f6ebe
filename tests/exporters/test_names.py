"""Names of pictures: relative, harmless everywhere, each once."""

import ntpath
import os
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import SetupError
from vlmkit.exporters.names import (
    SafeNames,
    check_inside,
    common_root,
    is_file_name,
    name_below,
    resolve_name,
    safe_name,
)


def is_reserved(part):
    """Python's own rules, old and new."""
    return ntpath.isreserved(part) if hasattr(ntpath, "isreserved") else PureWindowsPath(part).is_reserved()


@given(name=st.text(max_size=400), suffix=st.sampled_from([".jpg", ".PNG", ".webp"]))
def test_any_name_becomes_harmless(name, suffix):
    """No part leads up, is absolute, hidden, reserved on Windows, too long, or cannot be encoded."""
    safe = safe_name(name, suffix)
    assert safe.endswith(suffix)
    assert not PurePosixPath(safe).is_absolute()
    assert not PureWindowsPath(safe).drive
    for part in safe.split("/"):
        assert part not in {"", ".", ".."}
        assert not part.startswith((".", "__"))
        assert not set(part) & set('<>:"|?*\\\x00\n')
        assert len(part.encode("utf-8")) <= 255
        assert not is_reserved(part)
    assert safe_name(safe, suffix) == safe


def test_usual_names_stay():
    """What is harmless already is not changed; a backslash, where it is a letter of a name, makes no folder."""
    assert safe_name("back\\slash.jpg", ".jpg") == "back_slash.jpg"
    for name in ("a.jpg", "sub/ü 猫 [1] #2%20.jpg", "-dash.jpg", "two.dots.jpg"):
        assert safe_name(name, ".jpg") == name


def test_no_name_is_given_twice():
    """Not even in other letters of the same kind: a Mac and Windows would take them for one."""
    names = SafeNames()
    assert [names.take(name, ".jpg") for name in ("A.jpg", "a.jpg", "a-2.jpg", "\u00e9.jpg", "e\u0301.jpg")] == [
        "A.jpg",
        "a-2.jpg",
        "a-2-2.jpg",
        "\u00e9.jpg",
        "\u00e9-2.jpg",
    ]


def test_the_root_holds_all_files(tmp_path):
    """The export's own folder where it does, else the innermost; URLs and members of archives do not count."""
    inside = [str(tmp_path / "a" / "x.jpg"), str(tmp_path / "a" / "b" / "y.jpg"), "https://host/z.jpg"]
    assert common_root(inside, tmp_path) == tmp_path
    assert common_root(inside, tmp_path / "elsewhere") == tmp_path / "a"
    assert common_root(["https://host/z.jpg"], tmp_path) == tmp_path
    assert name_below(tmp_path, inside[1]) == "a/b/y.jpg"
    assert name_below(tmp_path / "a" / "b", inside[0]) is None
    assert is_file_name(inside[0])
    assert not is_file_name(inside[2])


def test_a_link_that_leads_out_is_refused(tmp_path):
    """Nothing is written through a folder that is really somewhere else."""
    (tmp_path / "set").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "set" / "sub").symlink_to(tmp_path / "other")
    check_inside(tmp_path / "set", tmp_path / "set" / "new" / "a.jpg")
    with pytest.raises(SetupError, match="leads out of"):
        check_inside(tmp_path / "set", tmp_path / "set" / "sub" / "a.jpg")


@pytest.mark.parametrize("name", ["../a.jpg", "a/../../b.jpg", "/etc/a.jpg", "..\\a.jpg", "C:\\a.jpg", "a\0.jpg"])
def test_names_in_files_stay_below_the_root(name):
    """What a file names is opened only below its folder."""
    with pytest.raises(SetupError, match="leads out"):
        resolve_name(Path("root"), name, "set.json")


def test_names_in_files_become_paths():
    """With either slash; URLs stay."""
    assert resolve_name(Path("root"), "sub\\a.jpg", "set.json") == os.path.join("root", "sub", "a.jpg")  # noqa: PTH118
    assert resolve_name(Path("root"), "https://host/a.jpg", "set.json") == "https://host/a.jpg"
