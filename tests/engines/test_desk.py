"""One thread for everything, alive as long as the process, gone without a trace."""

import os
import threading

import pytest

from vlmkit.engines.desk import Desk, desk
from vlmkit.errors import ModelLoadFailed


class Counting:
    """A worker with a number of turns to do, noting each in a shared list."""

    def __init__(self, name, turns, notes):
        self.name, self.left, self.notes = name, turns, notes
        self.shut_on = None

    def turn(self):
        self.left -= 1
        self.notes.append(self.name)
        return self.left > 0

    def shut(self):
        self.shut_on = threading.current_thread().name


@pytest.fixture
def own():
    opened = Desk()
    yield opened
    opened.close()


def test_everything_runs_on_one_thread_that_is_not_the_callers(own):
    """Calls from several threads run on the same other thread; a call from the desk itself runs at once."""
    names = [own.call(lambda: threading.current_thread().name)]
    thread = threading.Thread(target=lambda: names.append(own.call(lambda: own.call(threading.current_thread).name)))
    thread.start()
    thread.join()
    assert names == ["vlmkit-desk", "vlmkit-desk"]


def test_what_work_raises_is_raised_at_the_caller_and_the_desk_goes_on(own):
    """An error, even one that is no Exception, ends the call and not the thread."""
    for kind in (ValueError, KeyboardInterrupt):
        with pytest.raises(kind, match="no"):
            own.call(lambda kind=kind: (_ for _ in ()).throw(kind("no")))
    assert own.call(lambda: 5) == 5


def test_busy_workers_take_turns_until_they_are_done(own):
    """Two workers alternate; one that is done gets no more turns until it is woken again."""
    notes = []
    workers = [Counting("a", 2, notes), Counting("b", 4, notes)]
    for worker in workers:
        own.join(worker)
    own.call(lambda: [own.wake(worker) for worker in workers])  # both before the first turn
    while workers[1].left:
        own.call(lambda: None)
    assert notes == ["a", "b", "a", "b", "b", "b"]


def test_a_call_does_not_wait_for_a_worker_to_be_done(own):
    """Between two turns tasks come first, however much work is left."""
    worker = Counting("a", 10**9, [])
    own.join(worker)
    own.wake(worker)
    assert own.call(lambda: 7) == 7
    own.leave(worker)
    left = own.call(lambda: worker.left)
    assert left > 0
    assert own.call(lambda: worker.left) == left


def test_what_reaches_a_worker_that_left_is_ended(own):
    """Waking it then shuts it once more, so that nobody waits for work it will not do."""
    worker = Counting("a", 1, [])
    own.join(worker)
    own.leave(worker)
    assert worker.shut_on is None
    own.wake(worker)
    own.call(lambda: None)
    assert worker.shut_on == "vlmkit-desk"
    assert worker.notes == []


def test_closing_shuts_workers_on_the_desk_and_refuses_more():
    """Closing twice is fine; afterwards every use says what is wrong."""
    own = Desk()
    worker = Counting("a", 1, [])
    own.join(worker)
    own.close()
    own.close()
    assert worker.shut_on == "vlmkit-desk"
    assert not own.is_open
    for use in (own.check, lambda: own.call(lambda: 1), lambda: own.wake(worker)):
        with pytest.raises(ModelLoadFailed, match="process is ending"):
            use()


def test_work_put_before_closing_is_still_done():
    """Nobody waits for ever for a task that was taken."""
    own = Desk()
    begun, release, results = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        release.wait(10)

    threads = [threading.Thread(target=lambda: own.call(slow))]
    threads[0].start()
    begun.wait(10)
    threads.append(threading.Thread(target=lambda: results.append(own.call(lambda: "done"))))
    threads[1].start()
    while own._tasks.empty():
        pass
    threads.append(threading.Thread(target=own.close))
    threads[2].start()
    release.set()
    for thread in threads:
        thread.join(10)
    assert results == ["done"]


def test_there_is_one_desk():
    """Whoever asks gets the same one."""
    assert desk() is desk()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_is_told_to_spawn(fresh_python):
    """MLX would hang in a forked child; the desk says so instead."""
    done = fresh_python(
        "import os, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from vlmkit.engines.desk import desk\n"
        "one = desk()\n"
        "if os.fork() == 0:\n"
        "    try:\n"
        "        one.call(lambda: 1)\n"
        "    except Exception as error:\n"
        "        print(type(error).__name__, error, flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    assert done.stdout.startswith("ModelLoadFailed This process was forked")
    assert "spawn" in done.stdout


@pytest.mark.parametrize("ending", ["", "raise SystemExit(3)", "worker.left = 10**9; one.wake(worker)"])
def test_the_process_ends_cleanly_after_mlx_was_used(fresh_python, ending):
    """No abort at exit, whether the desk is idle or at work."""
    done = fresh_python(
        "from vlmkit.engines.desk import desk\n"
        "class Worker:\n"
        "    left = 0\n"
        "    def turn(self):\n"
        "        import mlx.core as mx\n"
        "        mx.eval(mx.ones((64, 64)) @ mx.ones((64, 64)))\n"
        "        self.left -= 1\n"
        "        return self.left > 0\n"
        "    def shut(self): print('shut')\n"
        "one, worker = desk(), Worker()\n"
        "one.join(worker)\n"
        "one.call(worker.turn)\n" + ending,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (3 if "raise" in ending else 0, "shut\n", "")
