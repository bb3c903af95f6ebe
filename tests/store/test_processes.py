"""Whether a process has ended is told only where it is certain."""

import subprocess
import sys
from dataclasses import replace

import pytest

from vlmkit.store.processes import exists, this_process

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell when a process was started")


def test_this_process_lives():
    """And is the same each time."""
    assert this_process() == this_process()
    assert not this_process().has_ended
    assert exists(this_process().number)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot be asked")
def test_a_process_that_ended_has():
    """Also as long as its parent has not asked for its end."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = replace(this_process(), number=child.pid, started="")
    child.wait()
    assert process.has_ended
    assert not exists(child.pid)


@linux
def test_a_number_that_was_used_again_is_another_process():
    """Told apart by when it was started; what is not known proves nothing."""
    assert replace(this_process(), started="1").has_ended
    assert not replace(this_process(), started="").has_ended


def test_of_another_computer_nothing_is_certain():
    """Nor of a number that no system has."""
    assert not replace(this_process(), machine="elsewhere", number=2**22 + 7).has_ended
    assert exists(2**70)
