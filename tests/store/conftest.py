"""A store of its own for each test."""

import pytest

from vlmkit.store import open_store


@pytest.fixture
def path(tmp_path):
    """Where the test's store is."""
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(path):
    """An open, empty store."""
    with open_store(path) as opened:
        yield opened
