"""What is specified here is what another process opens, or it says that it is not."""

import shutil
from dataclasses import replace

import pytest

from vlmkit.engines import locate
from vlmkit.engines.mlx import open_specified
from vlmkit.engines.specification import Specification, revision_of
from vlmkit.errors import ModelLoadFailed


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
