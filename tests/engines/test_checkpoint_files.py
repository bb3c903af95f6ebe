"""Files of a checkpoint are opened in one way, which neither waits nor fills the memory."""

import ast
import os
from pathlib import Path

import pytest

import vlmkit.engines
from vlmkit.engines import checkpoint_files
from vlmkit.errors import ModelLoadFailed


def test_files_are_read(tmp_path):
    """Text and JSON, also over a link, as downloads of the Hub are."""
    (tmp_path / "blob").write_text('{"a": "é"}', encoding="utf-8")
    (tmp_path / "config.json").symlink_to(tmp_path / "blob")
    assert checkpoint_files.read_text(tmp_path / "config.json", "m") == '{"a": "é"}'
    assert checkpoint_files.read_json(tmp_path / "config.json", "m") == {"a": "é"}
    checkpoint_files.check_all(tmp_path, "m")
    with pytest.raises(FileNotFoundError):
        checkpoint_files.read_json(tmp_path / "none.json", "m")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_what_is_no_regular_file_is_refused(tmp_path):
    """At once: a pipe without a writer, a device, a link to either; a link to nothing is nobody's."""
    os.mkfifo(tmp_path / "config.json")
    (tmp_path / "other.json").symlink_to("/dev/zero")
    for name in ("config.json", "other.json"):
        for use in (checkpoint_files.read_json, checkpoint_files.read_text, checkpoint_files.opened):
            with pytest.raises(ModelLoadFailed, match="is a pipe or a device"):
                use(tmp_path / name, "m")
        with pytest.raises(ModelLoadFailed, match=r"^m: "):
            checkpoint_files.check_all(tmp_path, "m")
        (tmp_path / name).unlink()
    (tmp_path / "lost.json").symlink_to(tmp_path / "nowhere")
    checkpoint_files.check_all(tmp_path, "m")


@pytest.mark.parametrize("name", ["config.json", "chat_template.jinja", "additional_chat_templates/x.jinja", "a.model"])
def test_what_is_larger_than_its_kind_is_refused(tmp_path, name):
    """By its size, before any of it is read; weights may have any."""
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.touch()
    os.truncate(file, checkpoint_files.size_limit(file.name) + 1)
    for use in (lambda: checkpoint_files.check_all(tmp_path, "m"), lambda: checkpoint_files.read_text(file, "m")):
        with pytest.raises(ModelLoadFailed, match="and such a file at most"):
            use()
    file.rename(tmp_path / "model.safetensors")
    checkpoint_files.check_all(tmp_path, "m")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
def test_a_file_that_does_not_tell_its_size_is_read_no_further(tmp_path, monkeypatch):
    """Some say 0 and go on."""
    monkeypatch.setattr(checkpoint_files, "_MOST_BYTES", (("*.json", 10),))
    (tmp_path / "config.json").symlink_to("/proc/self/status")
    with pytest.raises(ModelLoadFailed, match="and such a file at most"):
        checkpoint_files.read_text(tmp_path / "config.json", "m")


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "1" * 10_000, "\udcff"])
def test_what_is_no_json_is_told(tmp_path, text):
    """Broken, too deep, a number without end, no UTF-8."""
    file = tmp_path / "config.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelLoadFailed, match=r"config\.json cannot be read"):
        checkpoint_files.read_json(file, "m")


def test_nobody_opens_files_of_a_checkpoint_otherwise():
    """In the engines' room; these read files of ours, or what was written just before."""
    ours = {"blas.py", "checkpoint_files.py", "conformance.py", "hub.py", "serving.py", "verdicts.py"}
    readers = {"read_text", "read_bytes", "open"}
    for file in Path(vlmkit.engines.__path__[0]).rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        opening = [node.lineno for node in calls if _name(node) in readers and not _is_of_the_module(node)]
        assert not opening or file.name in ours or "isolation" in file.parts, f"{file}:{opening}"


def _name(call):
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_of_the_module(call):
    return isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "checkpoint_files"


@pytest.mark.parametrize(
    ("old", "new", "size"),
    [
        ({"size": 1}, None, 1),
        (None, {"size": 2}, 2),
        ({"size": 1}, {"size": 2}, 2),
        ({"size": 1}, {"image_processor": {"size": 3}}, 3),
        (None, {"size": 2, "image_processor": {"size": 3}}, 3),
        ({"size": 1}, {"image_processor": None}, 1),
        ({"size": 1}, ["size"], 1),
    ],
)
def test_settings_of_pictures_are_one_table(old, new, size):
    """What is nested counts most, then the file of the whole processor."""
    found = checkpoint_files.processor_settings({"preprocessor_config.json": old, "processor_config.json": new})
    assert found == {"size": size}
