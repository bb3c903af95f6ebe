"""Futures that say when the work on an ask began."""

from vlmkit.backends import PendingReply


def test_a_pending_reply_waits_until_its_work_begins():
    """Then both moments are known, and each sign of life moves the later one."""
    future = PendingReply()
    assert (future.begun_s, future.heard_s) == (None, None)
    future.begin()
    begun_s = future.begun_s
    assert begun_s is not None
    assert future.heard_s == begun_s
    future.hear()
    assert future.begun_s == begun_s <= future.heard_s
    future.begin()
    assert future.begun_s >= begun_s


def test_it_can_be_cancelled_after_its_work_began():
    """Unlike a plain future that runs: asks are let go of at any time."""
    future = PendingReply()
    future.begin()
    assert future.cancel()
