"""Sockets below httpcore: read at once, silent while nobody asks, counted, and never a wait for what cannot be sent."""

import asyncio
import socket
import time
from contextlib import suppress

import httpcore
import pytest

from vlmkit.providers.sockets import Conduct, Socket, Sockets, TooEarly, TooMuch

WAIT_S = 20


@pytest.fixture
def listening():
    """A socket that accepts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def together(listening, talk):
    """Do something with both ends of a connection, ours in a loop."""

    async def both():
        ours = await Sockets().connect_tcp("127.0.0.1", listening.getsockname()[1], timeout=WAIT_S)
        theirs, _ = listening.accept()
        with theirs:
            try:
                return await asyncio.wait_for(talk(ours, theirs), WAIT_S)
            finally:
                ours.abort()
                await asyncio.sleep(0.01)

    return asyncio.run(both())


def test_head_and_body_go_out_together_and_what_comes_is_read(listening):
    """Once an answer is waited for; the end is an empty piece."""

    async def talk(ours, theirs):
        await ours.write(b"head ")
        await ours.write(b"")
        await ours.write(b"body")
        reading = asyncio.create_task(ours.read(100))
        await asyncio.sleep(0.05)
        assert theirs.recv(100) == b"head body"
        theirs.sendall(b"answer")
        assert await reading == b"answer"
        assert ours.is_clean
        assert not ours.get_extra_info("is_readable")
        theirs.close()
        assert await ours.read(100) == b""
        return ours

    ours = together(listening, talk)
    assert ours.has_ended
    assert ours.was_read_to_end
    assert not ours.is_clean


def test_an_answer_is_read_while_the_question_is_still_being_sent(listening):
    """The other side takes none of it, and says why."""

    async def talk(ours, theirs):
        await ours.write(b"x" * 2**25)
        reading = asyncio.create_task(ours.read(100))
        await asyncio.sleep(0.05)
        theirs.sendall(b"too large")
        assert await reading == b"too large"
        assert ours.is_hasty
        assert not ours.is_clean  # as part of the question is still here

    together(listening, talk)


def test_bytes_that_nobody_asked_for_close_it(listening):
    """Also a single one."""

    async def talk(ours, theirs):
        ours.finish()
        theirs.sendall(b"x")
        for _ in range(1000):
            if ours.has_ended:
                break
            await asyncio.sleep(0.005)
        with pytest.raises(httpcore.WriteError):
            await ours.write(b"next")

    together(listening, talk)


def test_whoever_sends_too_much_is_cut_off(listening):
    """What is read counts from the beginning of an ask."""

    async def talk(ours, theirs):
        ours.most_bytes = 10
        theirs.sendall(b"x" * 6)
        assert await ours.read(100) == b"x" * 6
        theirs.sendall(b"x" * 6)
        with pytest.raises(TooMuch, match="more than 10 bytes"):
            await ours.read(100)

    together(listening, talk)


def test_what_nobody_reads_is_not_taken(listening):
    """A server that sends faster than is read has to wait; nothing of it is lost."""

    async def talk(ours, theirs):
        ours.most_bytes = 2**30
        theirs.setblocking(False)
        sent = 0
        for _ in range(1000):
            try:
                sent += theirs.send(b"x" * 2**16)
            except BlockingIOError:
                await asyncio.sleep(0.001)
        assert sent < 1000 * 2**16
        theirs.shutdown(socket.SHUT_WR)
        received = 0
        while data := await ours.read(2**20):
            received += len(data)
        assert received == sent

    together(listening, talk)


def test_a_broken_connection_says_what_the_system_says(listening):
    """What had come before is read first."""

    async def talk(ours, theirs):
        theirs.sendall(b"half")
        await asyncio.sleep(0.05)
        ours.connection_lost(ConnectionResetError(104, "odd"))
        assert await ours.read(100) == b"half"
        with pytest.raises(httpcore.ReadError, match="Connection reset by peer"):
            await ours.read(100)

    together(listening, talk)


def test_nobody_there(listening):
    """In the system's words; and without encryption where that was wanted."""
    port = listening.getsockname()[1]

    async def connect():
        await Sockets().connect_tcp("127.0.0.1", port, timeout=WAIT_S)

    listening.close()
    with pytest.raises(httpcore.ConnectError, match="refused"):
        asyncio.run(connect())
    assert not Socket().is_clean


def test_what_is_there_before_the_question_is_no_answer_to_it(listening):
    """Also where the loop had no turn to see it; the question is not sent, and the address is remembered."""
    for is_seen in (False, True):

        async def talk(ours, theirs, is_seen=is_seen):
            await ours.write(b"first")
            reading = asyncio.create_task(ours.read(100))
            await asyncio.sleep(0)
            theirs.sendall(b"answer")
            assert await reading == b"answer"
            ours.finish()
            ours.begin()
            theirs.sendall(b"late")
            await asyncio.sleep(0.05 if is_seen else 0)
            await ours.write(b"second")
            with pytest.raises(TooEarly):
                await ours.read(100)
            await asyncio.sleep(0.01)  # until it is closed
            theirs.settimeout(WAIT_S)
            assert theirs.recv(100) == b"first"
            with suppress(ConnectionError):
                assert theirs.recv(100) == b""

        together(listening, talk)


def test_a_block_has_few_lines(listening):
    """However many there are, others get their turn between; nothing is lost or changed."""

    async def talk(ours, theirs):
        ours.most_lines = 10**6
        sent = b"".join(b"%d\r\n" % number for number in range(5000)) + b"x" * 10_000
        theirs.sendall(sent)
        blocks = []
        while sum(map(len, blocks)) < len(sent):
            blocks.append(await ours.read(2**16))
        assert b"".join(blocks) == sent
        assert max(block.count(b"\n") for block in blocks) <= 64

    together(listening, talk)


def test_a_head_of_too_many_lines_is_cut_off(listening):
    """Long before it has too many bytes."""

    async def talk(ours, theirs):
        theirs.sendall(b"\n" * 2000)
        for _ in range(1000 // 64):
            assert await ours.read(2**16)
        with pytest.raises(TooMuch, match="more than 1,000 lines"):
            await ours.read(2**16)

    together(listening, talk)


def test_a_farewell_is_no_offence(listening):
    """Gateways say that an idle connection ends; whoever says anything else there is remembered."""
    for words, is_offence in ((b"HTTP/1.1 408 Request Timeout\r\n\r\n", False), (b"HTTP/1.1 200 OK\r\n\r\n", True)):
        conduct = Conduct()

        async def talk(ours, theirs, words=words, conduct=conduct):
            ours._conduct = conduct
            ours.finish()
            theirs.sendall(words)
            for _ in range(1000):
                if ours.has_ended:
                    break
                await asyncio.sleep(0.005)

        together(listening, talk)
        assert conduct.spoke_unasked == is_offence


def test_whose_answers_pile_up_rests():
    """Several times as long as they took."""

    async def spend():
        conduct = Conduct()
        conduct.spend(0.01)
        start_s = time.monotonic()
        await conduct.wait()
        return time.monotonic() - start_s

    assert asyncio.run(spend()) >= 0.06
