"""Limits of a host: never more in any minute than it allows, over everybody who asks it."""

import asyncio
import time

import pytest
from scripted_server import chat

from vlmkit.providers import rate_limiter
from vlmkit.providers.rate_limiter import RateLimiter, RateLimits, limiter_for

WAIT_S = 20


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s

    async def wait(self, _futures, timeout):  # noqa: ASYNC109  as asyncio.wait has it
        self.now_s += timeout


def moments(limits, count, tokens=None):
    """When each of so many asks was let through."""
    clock, found = Clock(), []
    limiter, start_s = RateLimiter(limits, clock, clock.wait), clock.now_s

    async def ask():
        for _ in range(count):
            with await limiter.enter() as place:
                found.append(clock.now_s - start_s)
                place.tokens = tokens

    asyncio.run(ask())
    return found


def test_requests_of_any_minute_are_within_the_limit():
    """The first ones go at once; after that as many per minute as allowed."""
    found = moments(RateLimits(requests_per_minute=10), 35)
    assert found[9] == 0
    for first, eleventh in zip(found, found[10:], strict=False):
        assert eleventh - first >= 60 - 1e-6
    assert found[-1] <= 181


def test_tokens_of_any_minute_are_within_the_limit():
    """Guessed before, corrected by what the server says."""
    found = moments(RateLimits(tokens_per_minute=10_000), 60, tokens=500)
    for position, moment_s in enumerate(found):
        inside = [each for each in found[: position + 1] if each > moment_s - 60]
        assert len(inside) * 500 <= 10_000
    # What asks turned out to cost is learned: twenty a minute, not the ten of the first guess.
    assert found[-1] <= 4 * 60 + 1


def test_an_ask_above_the_whole_limit_still_goes():
    """Alone in its minute; otherwise it would wait for ever."""
    assert moments(RateLimits(tokens_per_minute=10), 2, tokens=500)[1] <= 61


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


def test_an_ask_that_waits_for_its_turn_can_be_stopped(serve, opened, ask):
    """At once, not when its turn would have come; the next one is let through."""
    server = serve(chat())
    backend = opened(server, requests_per_minute=1)
    assert backend.submit(ask()).result(WAIT_S)
    waiting = backend.submit(ask())
    while not backend._asking._limiter._waiting:
        time.sleep(0.005)
    assert waiting.cancel()
    while backend._asking._limiter._waiting:
        time.sleep(0.005)
    assert len(server.requests) == 1


def test_the_one_that_waits_longest_goes_first():
    """As soon as a place is free, however many wait."""
    order = []

    async def ask(number, limiter):
        with await limiter.enter():
            order.append(number)
            await asyncio.sleep(0)

    async def all_at_once():
        limiter = RateLimiter(RateLimits(parallel_asks=1))
        await asyncio.wait_for(asyncio.gather(*(ask(number, limiter) for number in range(50))), WAIT_S)

    asyncio.run(all_at_once())
    assert order == list(range(50))


def test_one_host_has_one_limiter(monkeypatch):
    """Until other limits are given."""
    monkeypatch.setattr(rate_limiter, "_limiters", {})
    ten = RateLimits(requests_per_minute=10)
    assert limiter_for("http://h:1", ten) is limiter_for("http://h:1", ten)
    assert limiter_for("http://h:1", ten) is not limiter_for("http://h:2", ten)
    assert limiter_for("http://h:1", RateLimits()) is not limiter_for("http://h:1", ten)


@pytest.mark.parametrize("limits_given", [RateLimits(), RateLimits(parallel_asks=2)])
def test_a_turn_that_fails_is_given_back(limits_given):
    """A fault does not use up a place."""
    limiter = RateLimiter(limits_given)

    async def ask(fault=None):
        with await limiter.enter():
            if fault:
                raise fault

    for _ in range(5):
        with pytest.raises(ValueError, match="x"):
            asyncio.run(ask(ValueError("x")))
    asyncio.run(ask())
