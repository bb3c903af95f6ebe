"""Idle connections: kept a while, few, and never used when something happened to them."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from vlmkit.sources import connections
from vlmkit.sources.connections import Idle

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Callable[[], Pair]]:
    """Connected sockets, ours and theirs."""
    made: list[socket.socket] = []

    def make() -> Pair:
        made.extend(socket.socketpair())
        return made[-2], made[-1]

    yield make
    for each in made:
        each.close()


def test_the_latest_connection_to_a_place_comes_first(pair: Callable[[], Pair]) -> None:
    """Others stay where they are."""
    idle = Idle()
    (first, _), (second, _), (other, _) = pair(), pair(), pair()
    for place, sock in (("a", first), ("a", second), ("b", other)):
        idle.give((place,), sock)
    assert [idle.take(("a",)) for _ in range(3)] == [second, first, None]
    assert idle.take(("b",)) is other


def test_a_closed_or_talking_connection_is_dropped(pair: Callable[[], Pair]) -> None:
    """Both show as something to read."""
    idle = Idle()
    (closed, theirs), (talking, speaker), (dead, _) = pair(), pair(), pair()
    for sock in (closed, talking, dead):
        idle.give(("a",), sock)
    theirs.close()
    speaker.send(b"x")
    dead.close()
    assert idle.take(("a",)) is None
    assert closed.fileno() == talking.fileno() == -1


def test_none_is_kept_for_long_and_not_many(pair: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers close idle connections anyway, some of them without a word."""
    idle = Idle()
    kept = [pair()[0] for _ in range(connections._MOST + 3)]
    for sock in kept:
        idle.give(("a",), sock)
    assert [sock.fileno() for sock in kept[:4]].count(-1) == 3
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + connections._LONGEST_IDLE_S)
    assert idle.take(("a",)) is None
    assert all(sock.fileno() == -1 for sock in kept)


def test_a_child_process_has_connections_of_its_own(pair: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes reading answers from one would get each other's."""
    idle = Idle()
    idle.give(("a",), pair()[0])
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    assert idle.take(("a",)) is None
    idle.close()
