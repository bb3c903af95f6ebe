"""Memory that is free here."""

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
