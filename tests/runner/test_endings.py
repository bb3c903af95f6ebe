"""Outcomes come out once they are safe."""

from vlmkit.errors import Cancelled
from vlmkit.records import Outcome
from vlmkit.runner.endings import Endings
from vlmkit.runner.rows import Row


class ResultWriter:
    """Keeps what is handed in until it is said to be written."""

    def __init__(self):
        self.entries = []

    def put(self, record, outcome):
        self.entries.append((record, outcome))


def test_an_outcome_waits_for_the_store(questions):
    """But for one that was cancelled, of which the store does not hear."""
    writer, rows = ResultWriter(), [Row(index, question) for index, question in enumerate(questions(2))]
    endings = Endings(writer)
    first, second = Outcome(index=0), Outcome(index=1, fault=Cancelled("stopped"))
    endings.put(rows[0], first)
    assert (len(endings), endings.is_ready, list(endings.take())) == (1, False, [])
    endings.put(rows[1], second)
    assert (len(endings), list(endings.take())) == (2, [second])
    endings.take_written(writer.entries)
    assert (len(endings), list(endings.take()), len(endings)) == (1, [first], 0)


def test_without_a_store_nothing_waits(questions):
    """It is out at once."""
    endings, outcome = Endings(None), Outcome(index=0)
    endings.put(Row(0, questions(1)[0]), outcome)
    assert list(endings.take()) == [outcome]
