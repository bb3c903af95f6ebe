"""Which addresses are public."""

from __future__ import annotations

import socket

import pytest

from vlmkit.errors import UnreadableImage
from vlmkit.sources.addresses import is_public, vetted


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
