"""What the frame's tests share: real pictures whose width tells them apart, and backends that see it."""

from pathlib import Path

import pytest
from PIL import Image

from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend


@pytest.fixture(autouse=True)
def nothing_stored(monkeypatch):
    """Each backend is asked, whatever one of the same name said in another test; tests of the store name a file."""
    monkeypatch.setenv("VLMKIT_STORE", "false")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Write n pictures, number i being 10+i pixels wide, into the working directory; gives their relative paths."""
    monkeypatch.chdir(tmp_path)

    def make(n, bad=()):
        Path("photos").mkdir()
        paths = [f"photos/img{i}.png" for i in range(n)]
        for i, path in enumerate(paths):
            if i in bad:
                Path(path).write_bytes(b"no picture")
            else:
                Image.new("RGB", (10 + i, 8), "teal").save(path)
        return paths

    return make


def see(ask):
    """Answer of a backend that sees widths: the picture's number and the prompt."""
    return f"{ask.pictures[0].width - 10}: {ask.prompt}"


@pytest.fixture
def backend():
    """Open fake backends and close them afterwards; by default the answer says which picture was seen."""
    opened = []

    def make(replies=see, delay_s=0.0, **abilities):
        opened.append(FakeBackend(replies=replies, delay_s=delay_s, abilities=Abilities(**abilities)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()
