"""One thread for everything, alive as long as the process, gone without a trace."""

import os
import threading
import time

import pytest

from vlmkit.engines.desk import Desk, beat, desk, is_here, within
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

    def watch(self, silent_s):
        pass

    def abandon(self, why):
        self.notes.append(why)


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
    """An error, even one that is not an Exception, ends the call and not the thread."""
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
        "    def watch(self, silent_s): pass\n"
        "one, worker = desk(), Worker()\n"
        "one.join(worker)\n"
        "one.call(worker.turn)\n" + ending,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (3 if "raise" in ending else 0, "shut\n", "")


@pytest.fixture
def impatient():
    """A desk that is lost after half a second of silence."""
    opened = Desk(lost_after_s=0.5)
    yield opened
    opened.close()


def spin(stop):
    while not stop.is_set():
        pass


def test_a_desk_says_how_it_is(own):
    """Idle it is silent for no time; pieces of work are counted; a sign of life starts the time anew."""
    begun, release = threading.Event(), threading.Event()
    assert own.silent_s == 0.0
    done = own.turns_done

    def work():
        begun.set()
        release.wait(10)
        beat()
        return own.silent_s

    thread = threading.Thread(target=lambda: silences.append(own.call(work)))
    silences = []
    thread.start()
    begun.wait(10)
    time.sleep(0.05)
    assert own.silent_s >= 0.05
    release.set()
    thread.join(10)
    assert silences[0] < 0.05
    own.call(lambda: None)
    assert own.turns_done >= done + 1
    assert is_here() is False
    assert own.call(is_here) is True


def test_a_task_that_does_not_come_back_loses_the_desk(impatient):
    """Whoever waits for it is told, and so is whoever waits behind it; nothing more is taken; the thread ends."""
    stop, faults = threading.Event(), []

    def ask(work):
        with pytest.raises(ModelLoadFailed) as caught:
            impatient.call(work)
        faults.append(str(caught.value))

    threads = [threading.Thread(target=ask, args=[work]) for work in (lambda: spin(stop), lambda: None)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(faults) == 2
    assert all("no sign of life" in fault for fault in faults)
    with pytest.raises(ModelLoadFailed, match="no sign of life"):
        impatient.call(lambda: None)
    impatient._thread.join(20)  # interrupted, although its loop would never have ended
    assert not impatient._thread.is_alive()
    assert not stop.is_set()


def test_a_turn_that_does_not_come_back_abandons_every_worker(impatient):
    """Those who had no part in it as well."""
    notes = []
    stuck, other = Counting("stuck", 1, notes), Counting("other", 1, notes)
    stuck.turn = lambda: spin(threading.Event())
    for worker in (stuck, other):
        impatient.join(worker)
    impatient.wake(stuck)
    impatient._thread.join(20)
    assert len(notes) == 2
    assert all("given up" in note for note in notes)
    assert stuck.shut_on == other.shut_on == "vlmkit-desk"


def test_work_that_gives_signs_of_life_is_not_lost(impatient):
    """However long it takes; and inside `within` the limit is another one."""

    def work():
        for _ in range(100):
            time.sleep(0.01)
            beat()
        return "done"

    assert impatient.call(work) == "done"

    def hasty():
        with within(0.01, "its tokenizer"):
            time.sleep(1)

    own = Desk()
    with pytest.raises(ModelLoadFailed, match="its tokenizer did not come to an end"):
        own.call(hasty)
    own.close()


def test_a_call_may_have_a_deadline_of_its_own(own):
    """It counts from when the work begins."""
    assert own.call(lambda: time.sleep(0.01) or 3, timeout_s=60, what="x") == 3
    blocker = threading.Thread(target=lambda: own.call(lambda: time.sleep(2.5)))
    blocker.start()
    assert own.call(lambda: 4, timeout_s=2, what="x") == 4
    blocker.join()
    with pytest.raises(ModelLoadFailed, match=r"loading m did not come to an end within 0\.2 s"):
        own.call(lambda: spin(threading.Event()), timeout_s=0.2, what="loading m")
    assert own.lost


def test_a_turn_that_panics_loses_the_desk(own):
    """What is raised there may be no Exception, as a library's panic; nobody waits for a thread that is gone."""
    notes = []
    worker = Counting("a", 1, notes)
    worker.turn = lambda: (_ for _ in ()).throw(KeyboardInterrupt("panic"))
    own.join(worker)
    own.wake(worker)
    own._thread.join(20)
    assert "broke (KeyboardInterrupt: panic)" in own.lost
    assert notes == [own.lost]
    with pytest.raises(ModelLoadFailed, match="broke"):
        own.call(lambda: None)


def test_posted_work_is_waited_for_no_longer_than_told(own):
    """And done all the same."""
    release, notes = threading.Event(), []
    assert own.post(lambda: notes.append(1), wait_s=10)
    thread = threading.Thread(target=lambda: own.call(lambda: release.wait(60)))
    thread.start()
    while not own.silent_s:
        time.sleep(0.01)
    assert not own.post(lambda: notes.append(2), wait_s=0.05)
    assert notes == [1]
    release.set()
    thread.join()
    own.call(lambda: None)
    assert notes == [1, 2]


STUCK = {
    "a loop": "while True: pass",
    "a loop that catches everything": """while True:
        try:
            while True: pass
        except BaseException: pass""",
    "a long call": "time.sleep(1000)",
    "a lock": "threading.Lock().acquire() and threading.Event().wait()",
    "mlx": "mx.eval([x := x @ x for _ in range(10**5)][-1])",
}


@pytest.mark.parametrize(
    ("stuck", "ending"), [*((stuck, "") for stuck in STUCK), ("a long call", "raise SystemExit(3)"), ("mlx", "1 / 0")]
)
def test_the_process_ends_with_a_thread_that_does_not(fresh_python, stuck, ending):
    """With the program's own exit status; another desk takes work meanwhile."""
    done = fresh_python(
        "import sys, threading, time\n"
        "import mlx.core as mx\n"
        "from vlmkit.engines import desk as desks\n"
        "desks._PATIENCE_S = desks._OBEDIENCE_S = 0.2\n"
        "def stick():\n"
        "    x = mx.ones((1500, 1500))\n"
        "    mx.eval(x)\n"
        f"    {STUCK[stuck]}\n"
        "first = desks.desk()\n"
        "try:\n"
        "    first.call(stick, timeout_s=0.3, what='it')\n"
        "except Exception as error:\n"
        "    print(error)\n"
        "print(desks.desk() is first, desks.desk().call(lambda: mx.ones(3).sum().item()), flush=True)\n" + ending,
        check=False,
    )
    assert done.stdout == "it did not come to an end within 0.3 s.\nFalse 3.0\n"
    assert done.returncode == {"": 0, "raise SystemExit(3)": 3, "1 / 0": 1}[ending], done.stderr
    assert "ZeroDivisionError" in done.stderr if "/" in ending else not done.stderr
