"""Several servers, one model: who is faster gets more, who is dead gets a rest."""

from concurrent.futures import wait
from contextlib import suppress

import pytest
from scripted_server import chat, http

from vlmkit.errors import BackendError, RateLimited, Refused, ServerFault, TimedOut, Unreachable
from vlmkit.providers.load_balancer import LoadBalancer
from vlmkit.providers.transport import Transport

WAIT_S = 30


class Clock:
    now_s = 1000.0

    def __call__(self):
        return self.now_s


def balancer(count=2):
    clock = Clock()
    return LoadBalancer([Transport(f"http://127.0.0.1:{port}/v1") for port in range(1, count + 1)], clock), clock


def ask(shared, clock, seconds=None, fault=None):
    """One ask, and the number of the endpoint that got it."""
    with suppress(BackendError), shared.turn() as transport:
        chosen = [endpoint.transport for endpoint in shared.endpoints].index(transport)
        clock.now_s += (seconds or (1.0, 1.0, 1.0))[chosen]
        if fault is not None:
            raise fault
    return chosen


def test_the_faster_one_gets_more(serve, opened, ask):
    """In the proportion of their speed, over real connections."""
    fast, slow = serve([0.02, chat("fast")]), serve([0.2, chat("slow")])
    backend = opened(slow, fast)
    pending, done = set(), 0
    while done < 200:
        while len(pending) < 8:
            pending.add(backend.submit(ask()))
        ended, pending = wait(pending, WAIT_S, return_when="FIRST_COMPLETED")
        done += len(ended)
    assert len(fast.requests) > 3 * len(slow.requests) > 0


def test_a_dead_one_costs_one_fault_and_comes_back(serve, opened, ask):
    """Asks go to the living one meanwhile."""
    living, dead = serve(chat("alive")), serve(chat("back"))
    backend = opened(living, dead)
    dead.close()
    faults = [backend.submit(ask()).exception(WAIT_S) for _ in range(20)]
    assert [type(fault) for fault in faults if fault is not None] == [Unreachable]


def test_a_rest_grows_and_ends():
    """One second, two, four; then one ask tries, and the others follow when it was answered."""
    shared, clock = balancer()
    first, second = shared.endpoints
    ask(shared, clock)
    ask(shared, clock)
    assert (first.seconds, second.seconds) == (1.0, 1.0)
    for failures, rest_s in ((1, 1.0), (2, 2.0), (3, 4.0)):
        first.asks, second.asks = 0, 5  # so that the first is chosen
        assert ask(shared, clock, fault=Unreachable("gone")) == 0
        assert first.failures == failures
        assert first.rests_until_s == clock.now_s + rest_s
        assert ask(shared, clock, seconds=(0.0, 0.0)) == 1
        clock.now_s += rest_s
    second.asks = 5
    with shared.turn() as transport:
        assert transport is first.transport
        assert ask(shared, clock) == 1  # the one that tries is still on its way
    assert first.failures == 0


def test_a_server_that_says_when_is_left_alone_until_then():
    """Too many requests, come back in half a minute."""
    shared, clock = balancer()
    ask(shared, clock, fault=RateLimited("slow", retry_after_s=30))
    assert {ask(shared, clock) for _ in range(10)} == {1}
    clock.now_s += 30
    shared.endpoints[1].asks = 9
    assert ask(shared, clock) == 0


def test_a_server_that_hangs_gets_a_rest():
    """Its asks run into their timeouts, which says nothing about its speed."""
    shared, clock = balancer()
    assert ask(shared, clock, fault=TimedOut("late")) == 0
    assert ask(shared, clock, seconds=(0, 0)) == 1


def test_faults_of_an_ask_do_not_count():
    """A server that refuses one question is not dead; nor is one whose model broke on a picture."""
    shared, clock = balancer()
    for fault in (Refused("no"), ServerFault("broke")):
        ask(shared, clock, fault=fault)
    assert [endpoint.failures for endpoint in shared.endpoints] == [0, 0]


def test_when_all_rest_the_first_to_come_back_is_asked():
    """Somebody has to be, and the fault goes to the run, which waits."""
    shared, clock = balancer(3)
    for rest_s in (30, 10, 20):
        ask(shared, clock, seconds=(0, 0, 0), fault=RateLimited("slow", retry_after_s=rest_s))
    assert ask(shared, clock, seconds=(0, 0, 0)) == 1


def test_a_fast_refusal_is_no_speed(serve, opened, ask):
    """A broken server that answers in a millisecond does not draw all asks to itself."""
    broken, slow = serve(http(500, "broken")), serve([0.05, chat("slow")])
    backend = opened(broken, slow)
    faults = [backend.submit(ask()).exception(WAIT_S) for _ in range(20)]
    assert sum(fault is not None for fault in faults) <= 3


def test_a_single_server_is_always_asked():
    """There is no other."""
    shared, clock = balancer(1)
    with pytest.raises(Unreachable), shared.turn():
        raise Unreachable("gone")
    assert ask(shared, clock) == 0
