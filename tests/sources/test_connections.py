"""Connections for downloads: to vetted addresses, within a deadline, with their bytes counted."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import httpcore
import pytest

from vlmkit.errors import UnreadableImage
from vlmkit.sources.connections import NOW, Deadline, Download, Vetted, is_public, vetted


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


def test_less_and_less_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until nothing is, which is a typed fault with the setting in it."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    deadline = Deadline(5.0, "x.jpg")
    assert deadline.left_s() == 5.0
    now[0] += 4
    assert deadline.left_s() == 1.0
    now[0] += 1
    with pytest.raises(UnreadableImage, match=r"x\.jpg: not fetched within 5 s; .* vk\.use\(download_timeout_s=…\)"):
        deadline.left_s()


def test_no_limit_is_no_timeout() -> None:
    """As a socket has it."""
    assert Deadline(None, "x").left_s() is None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "fec0::1", "feff::1", "192.88.99.1", "::ffff:192.88.99.2", "64:ff9b:1::808:808", "2002:c058:6301::", "::7f00:1",
    ],
)  # fmt: skip
def test_addresses_of_this_machine_and_its_neighbors_are_not_public(address: str) -> None:
    """In all their disguises: mapped, translated, link-local, multicast, the cloud's metadata service."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    """Old and new."""
    assert is_public(address)


def answer(*addresses: str) -> object:
    """What a resolver says."""
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]


def test_only_public_ones_of_several_addresses_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless private ones are allowed; each once, in the resolver's order."""
    monkeypatch.setattr(socket, "getaddrinfo", answer("10.0.0.1", "8.8.8.8", "8.8.8.8", "8.8.4.4"))
    assert vetted("example.org", 80, "x", allow_private=False) == ["8.8.8.8", "8.8.4.4"]
    assert vetted("example.org", 80, "x", allow_private=True) == ["10.0.0.1", "8.8.8.8", "8.8.4.4"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "::1"])
def test_private_hosts_are_refused_however_they_are_written(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """What counts is the address the system would connect to."""
    real = socket.getaddrinfo

    def resolve(name: str, *args: object, **options: object) -> object:
        # The tests' own guard knows addresses by their usual look only.
        unusual = {"0x7f.1", "2130706433"}
        return real(socket.inet_ntoa(socket.inet_aton(name)) if name in unusual else name, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(
        UnreadableImage, match=r"leads to .*1, which is not a public address; .* vk.use.allow_private_hosts=True"
    ):
        vetted(host, 80, "x", allow_private=False)


def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Says which."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(UnreadableImage, match=r"x: no address for the host 'nowhere\.example'"):
        vetted("nowhere.example", 80, "x", allow_private=False)
