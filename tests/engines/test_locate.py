"""From names to directories."""

import pytest

from vlmkit.engines import hub
from vlmkit.engines.locate import find, find_adapter, is_bundled
from vlmkit.errors import BadSetting, ModelNotFound


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
