"""One loaded model for everybody, counted and given back."""

import threading
import time

import pytest

from vlmkit import settings
from vlmkit.backends import registry, shared
from vlmkit.backends.shared import borrow
from vlmkit.errors import UnknownModel
from vlmkit.records import Ask, one_question


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    """Each test starts and ends without shared models; gives the names in the order they were loaded."""
    names = []
    real = registry.load
    monkeypatch.setattr(registry, "load", lambda name: names.append(name) or real(name))
    yield names
    shared.close_shared()


def wait_until(condition, seconds=20):
    deadline_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_ten_threads_share_one_model(opened):
    """All at the same time: loaded once, and still open while one of them has it."""
    settings.use(keep_loaded=False)
    together, got = threading.Barrier(10, timeout=20), []

    def take():
        together.wait()
        with borrow("fake:one") as backend:
            got.append(backend)
            together.wait()

    threads = [threading.Thread(target=take) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, got))) == 1
    assert opened == ["fake:one"]
    assert got[0]._closed


def test_models_are_told_apart_by_their_whole_name(opened):
    """Spelled in any way the registry understands."""
    with borrow("fake:one") as one, borrow(" fake:one ") as same, borrow("fake:two") as two:
        assert one is same
        assert one is not two
    assert opened == ["fake:one", "fake:two"]


def test_what_was_opened_with_other_settings_is_not_shared(opened, tmp_path, monkeypatch):
    """A change takes effect at the next call; the old one is closed as soon as nobody has it."""
    script = tmp_path / "script.json"
    script.write_text('{"replies": ["old"]}')
    name = f"fake:{script}"
    with borrow(name) as first:
        script.write_text('{"replies": ["quite new"]}')
        with borrow(name) as second, borrow(name) as third:
            assert second is third
            assert second is not first
            assert not first._closed
    assert second.submit(Ask(messages=one_question("?"))).result(9).text == "quite new"
    with borrow(name) as fourth:
        assert fourth is second
    assert first._closed
    assert shared.loaded_models() == {name}


def test_what_changed_is_closed_before_the_new_one_is_opened(opened, tmp_path, monkeypatch):
    """Two of them might not fit into memory."""
    script = tmp_path / "script.json"
    script.write_text('{"replies": ["old"]}')
    with borrow(f"fake:{script}") as first:
        pass
    script.write_text('{"replies": ["quite new"]}')
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda name: first._closed and load(name))
    with borrow(f"fake:{script}") as second:
        assert second


def test_a_model_is_kept_for_the_next_cell(opened):
    """By default for some minutes."""
    with borrow("fake:one") as first:
        pass
    with borrow("fake:one") as second:
        assert second is first
    assert not first._closed
    assert settings.get("keep_loaded") == 300.0


def test_a_model_nobody_used_for_long_enough_is_given_back(opened):
    """Counted from the last borrower on; a new one stops the clock."""
    settings.use(keep_loaded=0.2)
    with borrow("fake:one") as first:
        time.sleep(0.3)
        assert not first._closed
    with borrow("fake:one") as again:
        assert again is first
        time.sleep(0.3)
        assert not first._closed
    wait_until(lambda: first._closed)
    with borrow("fake:one") as second:
        assert second is not first
    assert not [thread for thread in threading.enumerate() if thread.name == "vlmkit-idle" and not thread.daemon]


def test_a_model_can_be_given_back_at_once_or_never(opened):
    """As the setting says when it is borrowed."""
    settings.use(keep_loaded=False)
    with borrow("fake:one") as first:
        pass
    assert first._closed
    before = set(threading.enumerate())  # with what other tests left to be closed
    settings.use(keep_loaded=True)
    with borrow("fake:one") as second:
        pass
    assert not second._closed
    assert [thread for thread in set(threading.enumerate()) - before if thread.name == "vlmkit-idle"] == []


def test_a_borrower_that_fails_gives_back_too(opened):
    """An error or an interrupt inside must not keep gigabytes."""
    settings.use(keep_loaded=False)
    with pytest.raises(KeyboardInterrupt), borrow("fake:one") as backend:
        raise KeyboardInterrupt
    assert backend._closed


def test_closing_everything_closes_what_is_in_use(opened):
    """The next borrower gets a fresh one, and what the first gives back later does not count against it."""
    settings.use(keep_loaded=False)
    with borrow("fake:one") as first:
        shared.close_shared()
        assert first._closed
        with borrow("fake:one") as second:
            assert second is not first
    with borrow("fake:one") as third:
        assert third is not second
        assert not third._closed


def test_a_model_that_cannot_be_opened_is_tried_again(opened, monkeypatch):
    """A failure is not remembered."""
    with pytest.raises(UnknownModel), borrow("nothing at all"):
        pass
    monkeypatch.setattr(registry, "load", lambda _name: (_ for _ in ()).throw(UnknownModel("not today")))
    with pytest.raises(UnknownModel, match="not today"), borrow("fake:one"):
        pass
    monkeypatch.undo()
    with borrow("fake:one") as backend:
        assert backend.model == "fake:one"


def test_without_a_name_it_is_the_model_of_the_settings(opened):
    """And nothing is chosen silently."""
    with pytest.raises(UnknownModel, match="No model was named"), borrow():
        pass
    settings.use(model="fake:settings")
    with borrow() as backend:
        assert backend.model == "fake:settings"


def test_shared_models_are_closed_at_exit(fresh_python):
    """A script need not close what it did not open; asks in flight do not keep the process."""
    done = fresh_python(
        "from vlmkit.backends import borrow; from vlmkit.records import Ask, one_question\n"
        "backend = borrow('fake:slow').__enter__(); backend._delay_s = 60\n"
        "future = backend.submit(Ask(messages=one_question('x')))\n"
        "future.add_done_callback(lambda f: print(type(f.exception()).__name__))"
    )
    assert done.stdout == "Cancelled\n"


@pytest.mark.core_model
def test_the_memory_of_a_model_comes_back(opened):
    """Of a real one, once nobody borrows it: MLX holds no more than before, cell after cell."""
    from vlmkit.engines.desk import desk

    def active_bytes():
        from mlx import core

        return core.get_active_memory()

    settings.use(keep_loaded=False)
    with borrow("tiny") as engine:
        held = desk().call(active_bytes)
        assert held >= engine.info.memory_bytes
    left = desk().call(active_bytes)
    assert left < held - engine.info.memory_bytes / 2
    for _ in range(2):
        with borrow("tiny"):
            pass
    assert desk().call(active_bytes) <= left + 100_000
    assert opened == ["mlx:tiny"] * 3
