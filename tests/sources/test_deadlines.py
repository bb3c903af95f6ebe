"""A deadline is one moment, however often it is asked."""

from __future__ import annotations

import time

import pytest

from vlmkit.errors import UnreadableImage
from vlmkit.sources.deadlines import Deadline


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
