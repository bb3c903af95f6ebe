"""Connections for downloads: to vetted addresses, within a deadline, with their bytes counted."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import httpcore
import pytest

from vlmkit.errors import UnreadableImage
from vlmkit.sources.connections import NOW, Download, Vetted
from vlmkit.sources.deadlines import Deadline


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket that accepts, and says nothing unless a test does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def download() -> Iterator[Download]:
    """What this thread is downloading."""
    token = NOW.set(Download("x.jpg", Deadline(0.3, "x.jpg")))
    yield NOW.get()
    NOW.reset(token)


def test_only_permitted_addresses_are_connected_to(listening: socket.socket, download: Download) -> None:
    """The download then knows that it has a connection of its own."""
    port = listening.getsockname()[1]
    with pytest.raises(UnreadableImage, match=r"x\.jpg: 'localhost' leads to .*, which is not a public address"):
        Vetted(allow_private=False).connect_tcp("localhost", port)
    assert not download.connects
    Vetted(allow_private=True).connect_tcp("127.0.0.1", port).close()
    assert download.connects
    download.begin()
    assert not download.connects


def test_every_wait_ends_at_the_same_moment(listening: socket.socket, download: Download) -> None:
    """Whatever httpcore thinks that a wait may take; each byte that comes is read, and prolongs nothing."""
    stream = Vetted(allow_private=True).connect_tcp("127.0.0.1", listening.getsockname()[1])
    theirs, _ = listening.accept()
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.02):
            theirs.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    start_s = time.monotonic()
    fault = None
    while fault is None and time.monotonic() - start_s < 30:
        try:
            stream.read(1, timeout=60)
        except (httpcore.ReadTimeout, UnreadableImage) as error:
            fault = error
    assert fault is not None
    stop.set()
    thread.join()
    assert download.received_bytes > 0
    stream.close()
    theirs.close()


def test_bytes_are_counted(listening: socket.socket, download: Download) -> None:
    """More than the download may have end it."""
    stream = Vetted(allow_private=True).connect_tcp("127.0.0.1", listening.getsockname()[1])
    theirs, _ = listening.accept()
    with theirs:
        theirs.send(b"x" * 10)
        download.most_bytes = 12
        assert stream.read(10) == b"x" * 10
        theirs.send(b"x" * 10)
        with pytest.raises(httpcore.ReadError, match="more bytes"):
            stream.read(10)
    stream.close()
