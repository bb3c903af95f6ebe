"""From names to directories."""

import shutil
from dataclasses import replace

import pytest

from vlmkit.engines import hub, locate
from vlmkit.engines.locate import Specification, find, find_adapter, is_bundled, revision_of
from vlmkit.engines.mlx import open_specified
from vlmkit.errors import BadSetting, ModelLoadFailed, ModelNotFound


def test_tiny_is_in_the_package():
    """Its directory stands beside its code."""
    place = find("tiny")
    assert place.directory.parts[-3:] == ("vlmkit", "tiny", "weights")
    assert place.commit is None


def test_a_directory_is_itself(tmp_path, monkeypatch):
    """Absolute, relative, or below the home."""
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (str(tmp_path / "model"), "model", "./model", "~/model"):
        assert find(name).directory.resolve() == tmp_path / "model"


def test_anything_else_of_the_right_form_is_asked_of_the_hub(tmp_path, monkeypatch):
    """The snapshot's folder is named after its commit."""
    asked = []

    def fetch(name, *, revision, code_allowed):
        asked.append((name, revision, code_allowed))
        return tmp_path / "0123abc"

    monkeypatch.setattr(hub, "fetch", fetch)
    place = find("org/name", revision="v1", code_allowed=True)
    assert (place.directory, place.commit) == (tmp_path / "0123abc", "0123abc")
    assert asked == [("org/name", "v1", True)]


@pytest.mark.parametrize("name", ["nothing", "a/b/c", "org/na me", ""])
def test_a_name_of_no_form_is_not_found(name):
    """The message lists the forms."""
    with pytest.raises(ModelNotFound, match=r"existing directory, org/name, or 'tiny'"):
        find(name)


def test_a_local_model_has_no_revisions(tmp_path):
    """To ask for one is a mistake, not something to overlook."""
    for name in ("tiny", str(tmp_path)):
        with pytest.raises(BadSetting, match=r"revision: 'main' cannot be used.*local model"):
            find(name, revision="main")


def test_an_adapter_needs_both_its_files(tmp_path):
    """None is none; half of one is not found."""
    assert find_adapter(None) is None
    for name in ("adapter_config.json", "adapters.safetensors"):
        with pytest.raises(ModelNotFound, match=f"has no {name}"):
            find_adapter(tmp_path)
        (tmp_path / name).touch()
    assert find_adapter(str(tmp_path)) == tmp_path


def test_the_bundled_model_is_known_by_its_directory(tmp_path):
    """A copy of it is a stranger's."""
    assert is_bundled(find("tiny").directory)
    assert not is_bundled(tmp_path)


@pytest.fixture
def directory(tmp_path):
    """A copy of the bundled model's files."""
    return shutil.copytree(locate.find("tiny").directory, tmp_path / "copy")


def test_a_revision_tells_weights_from_others(directory, tmp_path):
    """A commit stands for itself; of a directory it is a digest; an adapter adds its own."""
    assert revision_of(directory, "c0ffee", None) == "c0ffee"
    before = revision_of(directory, None, None)
    assert len(before) == 16
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    assert revision_of(directory, None, adapter).startswith(f"{before}+")
    (directory / "config.json").write_text((directory / "config.json").read_text() + " ")
    assert revision_of(directory, None, None) != before


def test_files_that_have_changed_are_not_opened_under_the_old_name(directory):
    """Their answers would be stored as those of the files before."""
    revision = revision_of(directory, None, None)
    specification = Specification(name=str(directory), revision=revision, directory=directory, slots=2)
    with open_specified(specification) as engine:
        assert (engine.model, engine.revision, engine.info.slots) == (f"mlx:{directory}", revision, 2)
    with pytest.raises(ModelLoadFailed, match="have changed meanwhile"):
        open_specified(replace(specification, revision="0" * 16))
