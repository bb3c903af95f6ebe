"""What a person is told while a run goes on."""

import pytest

from vlmkit.cli.monitor import Monitor
from vlmkit.errors import Cancelled, RateLimited, UnreadableImage
from vlmkit.records import ImageRef
from vlmkit.runner import Done, FallingBack, Finished, Planned, Retrying, Spent, Started

REFS = [ImageRef(source=name, label=name) for name in ("a.png", "b\x1b.png", "c.png", "d.png")]
BUSY = RateLimited("slow down")
EVENTS = [
    Planned(total=4, workers=2),
    Started(index=0, total=4),
    Retrying(index=0, total=4, attempt=2, wait_s=1.5, fault=BUSY),
    Done(index=1, total=4, seconds=0.01, from_store=True, fault=None),
    FallingBack(index=0, total=4, model="mlx:tiny", fault=BUSY),
    Done(index=0, total=4, seconds=2.25, from_store=False, fault=None),
    Done(index=2, total=4, seconds=0.0, from_store=False, fault=UnreadableImage("c.png: no picture")),
    Done(index=0, total=4, seconds=0.0, from_store=False, fault=None, is_duplicate=True),
    Done(index=3, total=4, seconds=0.0, from_store=False, fault=Cancelled("stopped")),
    Finished(
        total=4, ok=2, failed=1, cancelled=1, seconds=3.0, stopped_early=True, asked=2, workers=3,
        destinations=("this process",), spent=Spent(seconds=3.0, tokens=9, money=0.5),
    ),
]  # fmt: skip


@pytest.fixture
def listen(capsys):
    """Hand all events over; gives the monitor and what was said."""

    def run(*, quiet=False, verbose=False):
        monitor = Monitor(REFS, quiet=quiet, verbose=verbose)
        for event in EVENTS:
            monitor(event)
        said = capsys.readouterr()
        assert said.out == ""
        return monitor, said.err.splitlines()

    return run


def test_verbose_tells_of_every_row(listen):
    """In the order they end, counted; what happened on the way; nothing a terminal would obey."""
    _, said = listen(verbose=True)
    assert said == [
        "4 pictures, at most 2 at a time.",
        "a.png: attempt 2 in 1.5 s, because of RateLimited: slow down",
        r"[1/4] b\x1b.png: from the store",
        "a.png: on to mlx:tiny, because of RateLimited: slow down",
        "[2/4] a.png: 2.25 s",
        "[3/4] c.png: UnreadableImage: c.png: no picture",
        "[4/4] a.png: as an equal picture",
    ]


@pytest.mark.parametrize("quiet", [True, False])
def test_otherwise_no_lines(listen, quiet):
    """Without a terminal there is no bar either."""
    assert listen(quiet=quiet)[1] == []


def test_facts_of_the_run(listen):
    """What was in flight at the end, and where pictures went; before the run nothing is known."""
    nothing = {"workers": None, "destinations": [], "reason": None, "tokens": None, "money": None}
    assert Monitor(REFS, quiet=True, verbose=False).facts() == nothing
    assert listen()[0].facts() == nothing | {"workers": 3, "destinations": ["this process"], "tokens": 9, "money": 0.5}


def test_facts_of_a_run_that_did_not_end():
    """As far as they are known."""
    monitor = Monitor(REFS, quiet=True, verbose=False)
    monitor(EVENTS[0])
    assert monitor.facts() == {"workers": 2, "destinations": [], "reason": None, "tokens": None, "money": None}
