"""Events reach the listener, and a listener's mistakes end nothing."""

import logging

import pytest

from vlmkit.runner.events import Announcer, Planned


def test_events_are_handed_over():
    """In the order they are announced."""
    heard = []
    announce = Announcer(heard.append)
    announce(Planned(total=1, workers=1))
    announce(Planned(total=2, workers=1))
    assert heard == [Planned(total=1, workers=1), Planned(total=2, workers=1)]


def test_nobody_needs_to_listen():
    """No listener is fine."""
    Announcer(None)(Planned(total=1, workers=1))


def test_a_listener_that_raises_is_logged_once_and_called_again(caplog):
    """The log says at which event, with the traceback."""
    calls = []

    def listener(event):
        calls.append(event)
        raise ZeroDivisionError

    announce = Announcer(listener)
    with caplog.at_level(logging.WARNING):
        announce(Planned(total=1, workers=1))
        announce(Planned(total=2, workers=1))
    assert len(calls) == 2
    assert len(caplog.records) == 1
    assert "Planned(total=1, workers=1); the run goes on" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_an_interrupt_in_a_listener_interrupts():
    """Ctrl-C may land anywhere."""

    def listener(_event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Announcer(listener)(Planned(total=1, workers=1))
