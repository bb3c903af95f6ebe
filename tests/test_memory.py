"""Memory that is free here."""

import ctypes
import sys
from pathlib import Path

import pytest

from vlmkit import memory


def test_free_memory_is_a_sensible_number():
    """More than this test takes, less than any machine has."""
    assert 2**20 < memory.available_bytes() < 2**50


def test_a_container_s_limit_counts(tmp_path, monkeypatch):
    """What is left of it, and never less than nothing."""
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory._cgroup_room() == []
    for limit, used, room in (("1000", "400", [600]), ("1000", "1400", [0]), ("max", "4", [])):
        (tmp_path / "memory.max").write_text(limit)
        (tmp_path / "memory.current").write_text(used)
        assert memory._cgroup_room() == room


def resident_bytes():
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library keeps less"
)
def test_freed_memory_is_given_back():
    """What lies below a block that is still used, too."""
    blocks = [bytearray(b"x" * 100_000) for _ in range(2000)]
    last, full = blocks[-1], resident_bytes()
    del blocks
    memory.give_back()
    assert len(last) == 100_000
    assert resident_bytes() < full - 150_000_000
