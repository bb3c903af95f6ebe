"""What the faces' tests share: pictures, and a face whose messages are taken down instead of sent."""

import queue
from types import SimpleNamespace

import pytest
from PIL import Image


@pytest.fixture
def paths(tmp_path):
    """Write n small pictures; gives their paths."""

    def make(n):
        made = [str(tmp_path / f"img{i}.png") for i in range(n)]
        for i, path in enumerate(made):
            Image.new("RGB", (40 + i % 50, 30), (i % 256, 80, 120)).save(path)
        return made

    return make


@pytest.fixture
def notebook(monkeypatch):
    """A shell with a kernel, as far as anybody looks at it."""
    import IPython

    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=object()))


class Listener:
    """Stands where the front end does: says something to a face, and takes down what it sends."""

    def __init__(self, face):
        self.face = face
        self._sent = queue.Queue()
        face.send = lambda content, buffers=None: self._sent.put((content, buffers or []))

    def say(self, kind, **content):
        self.face._handle_custom_msg({"kind": kind, "client": "c", **content}, [])

    def hear(self, kind, count=None):
        """The next message of a kind, with its buffers; or a list of so many."""
        heard = []
        while len(heard) < (count or 1):
            content, buffers = self._sent.get(timeout=60)
            if content["kind"] == kind:
                heard.append((content, buffers))
        return heard if count else heard[0]

    def is_silent(self):
        """Whether nothing is waiting."""
        return self._sent.empty()


@pytest.fixture
def listen():
    """Make a face's listener."""
    return Listener
