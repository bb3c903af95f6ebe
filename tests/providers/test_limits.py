"""Limits of a host: never more in any minute than it allows, over everybody who asks it."""

import threading
import time

import pytest
from scripted_server import chat

from vlmkit.errors import Cancelled
from vlmkit.providers import limits
from vlmkit.providers.limits import Limiter, Limits, limiter_for
from vlmkit.providers.transport import Call

WAIT_S = 20


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


class PassingCall(Call):
    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def pause(self, seconds):
        self.clock.now_s += seconds
        return False


def moments(limiter, clock, count, tokens=None):
    start_s, found = clock.now_s, []
    for _ in range(count):
        with limiter.turn(PassingCall(clock)) as spent:
            found.append(clock.now_s - start_s)
            spent(tokens)
    return found


def test_requests_of_any_minute_are_within_the_limit():
    """The first ones go at once; after that as many per minute as allowed."""
    clock = Clock()
    found = moments(Limiter(Limits(requests_per_minute=10), clock), clock, 35)
    assert found[9] == 0
    for first, eleventh in zip(found, found[10:], strict=False):
        assert eleventh - first >= 60 - 1e-6
    assert found[-1] <= 181


def test_tokens_of_any_minute_are_within_the_limit():
    """Guessed before, corrected by what the server says."""
    clock = Clock()
    found = moments(Limiter(Limits(tokens_per_minute=10_000), clock), clock, 60, tokens=500)
    for position, moment_s in enumerate(found):
        inside = [each for each in found[: position + 1] if each > moment_s - 60]
        assert len(inside) * 500 <= 10_000
    # What asks turned out to cost is learned: twenty a minute, not the ten of the first guess.
    assert found[-1] <= 4 * 60 + 1


def test_an_ask_above_the_whole_limit_still_goes():
    """Alone in its minute; otherwise it would wait for ever."""
    clock = Clock()
    assert moments(Limiter(Limits(tokens_per_minute=10), clock), clock, 2, tokens=500)[1] <= 61


def test_no_more_at_a_time_than_allowed(serve, opened, ask):
    """Over two backends of one server, whose limit is one."""
    server = serve([0.03, chat()])
    backends = [opened(server, parallel_asks=3) for _ in range(2)]
    assert backends[0].abilities.parallel_asks == 3
    futures = [backend.submit(ask()) for _ in range(8) for backend in backends]
    assert all(future.result(WAIT_S) for future in futures)
    assert server.most_in_flight == 3


def test_waiting_for_the_limit_is_not_waiting_for_the_server(serve, opened, ask):
    """The ask's timeout begins again to run when its turn has come."""
    server = serve([0.3, chat()])
    backend = opened(server, parallel_asks=1)
    futures = [backend.submit(ask(timeout_s=2.0)) for _ in range(10)]
    assert {future.exception(WAIT_S) for future in futures} == {None}


def test_an_ask_that_waits_for_its_turn_can_be_stopped():
    """At once, not when its turn would have come."""
    limiter = Limiter(Limits(requests_per_minute=1))
    with limiter.turn(Call()):
        pass
    call, ended = Call(), []

    def wait():
        try:
            with limiter.turn(call):
                ended.append("let through")
        except Cancelled:
            ended.append("cancelled")

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.05)
    call.abort()
    thread.join(WAIT_S)
    assert ended == ["cancelled"]


def test_one_host_has_one_limiter(monkeypatch):
    """Until other limits are given."""
    monkeypatch.setattr(limits, "_limiters", {})
    ten = Limits(requests_per_minute=10)
    assert limiter_for("http://h:1", ten) is limiter_for("http://h:1", ten)
    assert limiter_for("http://h:1", ten) is not limiter_for("http://h:2", ten)
    assert limiter_for("http://h:1", Limits()) is not limiter_for("http://h:1", ten)


@pytest.mark.parametrize("limits_given", [Limits(), Limits(parallel_asks=2)])
def test_a_turn_that_fails_is_given_back(limits_given):
    """A fault does not use up a place."""
    limiter = Limiter(limits_given)
    for _ in range(5):
        with pytest.raises(ValueError, match="x"), limiter.turn(Call()):
            raise ValueError("x")
    with limiter.turn(Call()) as spent:
        spent(None)
