"""Ctrl-C at any moment, as a real signal."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from vlmkit.cli.interrupts import Interrupts


def press():
    signal.raise_signal(signal.SIGINT)


def test_waiting_is_broken_off():
    """Inside a marked stretch the interrupt comes at once."""
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt), interrupts.interruptible():
            press()
        assert interrupts.asked


def test_writing_is_not():
    """Outside it waits for the next stretch."""
    with Interrupts() as interrupts:
        press()
        assert interrupts.asked
        with pytest.raises(KeyboardInterrupt), interrupts.interruptible():
            pytest.fail("the stretch began although the user had interrupted")


def test_the_second_one_always_comes_through():
    """Somebody who presses twice means it."""
    with Interrupts():
        press()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_afterwards_python_decides_again():
    """The handler from before is back."""
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_other_threads_are_left_alone():
    """Only the main thread may set handlers; elsewhere nothing is changed and nothing fails."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work_interruptibly).result(10) == "done"


def work_interruptibly():
    with Interrupts() as interrupts, interrupts.interruptible():
        return "done"
