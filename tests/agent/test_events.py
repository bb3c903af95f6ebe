"""Events of a conversation."""

import logging

from vlmkit.agent import TextWritten
from vlmkit.agent.events import announcing


def test_a_listener_that_breaks_ends_nothing(caplog):
    """It is logged once, and goes on being told."""
    heard = []

    def listen(event):
        heard.append(event)
        raise ValueError("no widget")

    announce = announcing(listen)
    event = TextWritten(turn=1, text="a red")
    with caplog.at_level(logging.ERROR):
        announce(event)
        announce(event)
    assert heard == [event, event]
    assert [record.getMessage() for record in caplog.records] == [
        "A listener raised at TextWritten; the conversation goes on."
    ]
    announcing(None)(event)
