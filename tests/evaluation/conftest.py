"""What the tests of evaluation share: drawn scenes with their truth, and the bundled model asked once."""

import pandas as pd
import pytest
from package_tree import ROOT

import vlmkit as vk

SCENES = ROOT / "datasets" / "scenes"


@pytest.fixture(scope="session")
def truth():
    """What is right about the scenes."""
    return pd.read_json(SCENES / "metadata.jsonl", lines=True)


@pytest.fixture(scope="session")
def first_scenes(truth):
    """Pictures of the first 24 scenes, for all tests."""
    return vk.read_images([SCENES / name for name in truth["file_name"][:24]])


@pytest.fixture
def scenes(first_scenes):
    """The same, for one test to change."""
    return first_scenes.copy()


@pytest.fixture
def store(tmp_path):
    """File for this test's answers."""
    return tmp_path / "store.sqlite"
