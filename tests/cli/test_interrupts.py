"""Ctrl-C at any moment, as a real signal."""

import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from vlmkit.cli.interrupts import is_termination, noted, terminable


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


def test_sigterm_is_a_wish_like_ctrl_c():
    """The first one sets the event and is remembered; the next one ends, by whichever signal it comes."""
    stop = Event()
    with noted(stop) as received:
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
        assert received == [signal.SIGTERM]
        with pytest.raises(KeyboardInterrupt) as caught:
            press()
        assert not is_termination(caught.value)
        with pytest.raises(KeyboardInterrupt) as caught:
            signal.raise_signal(signal.SIGTERM)
        assert is_termination(caught.value)


def test_outside_a_run_sigterm_is_an_exception():
    """So that what is open is closed; afterwards the handler from before is back."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt) as caught, terminable():
        signal.raise_signal(signal.SIGTERM)
    assert is_termination(caught.value)
    assert signal.getsignal(signal.SIGTERM) is before


def test_in_the_background_a_signal_is_a_wish_too():
    """A shell switches Ctrl-C off there; who sends the signal all the same means this process."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        stop = Event()
        with noted(stop):
            press()
        assert stop.is_set()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
