"""Ctrl-C at any moment, as a real signal."""

import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from vlmkit.cli.interrupts import noted


def press():
    signal.raise_signal(signal.SIGINT)


def test_the_first_one_is_a_wish():
    """Nothing is broken off; the event says that the user wants an end."""
    stop = Event()
    with noted(stop):
        assert not stop.is_set()
        press()
        assert stop.is_set()


def test_the_second_one_always_comes_through():
    """Somebody who presses twice means it."""
    with noted(Event()):
        press()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_afterwards_python_decides_again():
    """The handler from before is back, also after an error."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), noted(Event()):
        assert 1 / int(signal.getsignal(signal.SIGINT) == before)
    assert signal.getsignal(signal.SIGINT) == before


def test_other_threads_are_left_alone():
    """Only the main thread may set handlers; elsewhere nothing is changed and nothing fails."""
    before = signal.getsignal(signal.SIGINT)

    def work():
        with noted(Event()):
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(work).result(10) == before
