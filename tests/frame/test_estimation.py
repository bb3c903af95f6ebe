"""What a run would take, found out on a few rows."""

import random

import pandas as pd
import pytest

from vlmkit import frame as vk
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import BadSetting, TimedOut
from vlmkit.frame.estimation import Estimate, Interval, _for_all, _Trial
from vlmkit.frame.options import TableOptions, check_options
from vlmkit.records import Outcome, Reply


def test_a_few_rows_tell_of_all(photos, backend):
    """Tokens to the last one where every row takes the same; the rows that were tried are not asked again."""
    frame = pd.DataFrame({"path": photos(40)})
    model = backend(replies="one two three", delay_s=0.02, parallel_asks=4)
    estimate = vk.estimate(frame, "Is it red?", model=model, rows=10, price=(2_000_000, 1_000_000), store="s.sqlite")
    assert (estimate.rows, estimate.sampled, estimate.failed, estimate.workers) == (40, 10, 0, 4)
    assert estimate.completion_tokens == Interval(120, 120, 120)
    assert estimate.prompt_tokens == Interval(120, 120, 120)
    assert estimate.money == Interval(360, 360, 360)
    assert estimate.seconds.likely >= 40 * 0.02 / 4
    assert len(model.asks) == 10
    vk.describe(frame, "Is it red?", model=model, store="s.sqlite")
    assert len(model.asks) == 40


def test_what_is_stored_already_counts_as_what_it_took(photos, backend):
    """A second estimate asks nothing and says the same of tokens."""
    frame = pd.DataFrame({"path": photos(20)})
    model = backend(replies=lambda ask: "word " * ask.pictures[0].width, delay_s=0.01)
    first, second = (vk.estimate(frame, model=model, rows=5, store="s.sqlite") for _ in range(2))
    assert len(model.asks) == 5
    assert second.completion_tokens == first.completion_tokens
    assert second.seconds.likely > 0


def test_the_interval_holds_the_truth_and_narrows(photos):
    """Rows that differ: the whole is nearly always inside, and known exactly once every row was tried."""
    frame = pd.DataFrame({"path": photos(60)})
    truth = sum(10 + i for i in range(60))
    inside, widths = 0, []
    model = FakeBackend(replies=lambda ask: " ".join(f"word{n}" for n in range(ask.pictures[0].width)))
    for seed in range(10):
        figure = vk.estimate(frame, model=model, rows=20, seed=seed).completion_tokens
        inside += figure.low <= truth <= figure.high
        widths.append(figure.high - figure.low)
        assert figure.low <= figure.likely <= figure.high
    assert inside >= 7
    assert min(widths) > 0
    assert vk.estimate(frame, model=model, rows=99).completion_tokens == Interval(truth, truth, truth)
    model.close()


def test_only_what_would_be_asked_is_estimated(photos, backend):
    """Of a limit, and of the rows that are missing."""
    frame = pd.DataFrame({"path": photos(10), "description": ["known"] * 6 + [None] * 4})
    model = backend()
    assert vk.estimate(frame, model=model, overwrite="missing", rows=2).rows == 4
    assert vk.estimate(frame, model=model, limit=3, rows=2, overwrite=True).rows == 3
    assert frame[["path"]].vlm.estimate(model=model, rows=2).rows == 10


def test_rows_that_fail_are_said(photos, backend):
    """And cost the time they took."""
    estimate = vk.estimate(photos(4), model=backend(replies=["a", TimedOut("slow")], parallel_asks=1), rows=4)
    assert (estimate.sampled, estimate.failed) == (4, 2)
    assert "2 of these 4 failed" in str(estimate)


def test_the_caller_s_bar_hears_of_it(photos, backend):
    """An estimate can take a while, too."""
    heard = []
    vk.estimate(photos(3), model=backend(), rows=2, progress=heard.append)
    assert [type(event).__name__ for event in heard][0::5] == ["Planned", "Finished"]


def test_it_prints_as_a_small_table():
    """In words and units a person reads."""
    estimate = Estimate(
        rows=100_000,
        sampled=16,
        failed=0,
        workers=8,
        seconds=Interval(7300, 3599, 90),
        prompt_tokens=Interval(1e6, 9e5, 1.1e6),
        completion_tokens=None,
        money=Interval(3.14159, 3, 4),
    )
    assert str(estimate) == repr(estimate)
    assert str(estimate).splitlines() == [
        "100,000 rows, from 16 of them, 8 at a time (90 % interval)",
        "  time               2 h 1 min  (59 min 59 s to 1 min 30 s)",
        "  prompt tokens      1,000,000  (900,000 to 1,100,000)",
        "  money              3.14  (3.00 to 4.00)",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 1}, "rows=1: give a whole number of rows to try"),
        ({"price": 3}, "price=3: give the money for a million prompt tokens"),
        ({"price": (1, -1)}, r"price=\(1, -1\)"),
        ({"limit": 0}, "limit=0"),
    ],
)
def test_what_cannot_be_estimated(photos, backend, options, message):
    """Each says what to give instead."""
    with pytest.raises(BadSetting, match=message):
        vk.estimate(photos(2), model=backend(), **options)
    with pytest.raises(BadSetting, match="no rows to ask"):
        vk.estimate(pd.DataFrame({"path": []}), model=backend())


@pytest.mark.parametrize(
    ("workers", "elapsed_s", "expected"),
    [
        (16, 8.0, Interval(40.0, 8.0, 200.0)),  # eight rows in turn: the server is busy, or was not given more to do
        (8, 1.0, Interval(20.0, 16.0, 25.0)),  # all at once, as many as there will be
    ],
)
def test_time_is_reckoned_with_a_full_batch_and_with_the_trial_s_own_pace(workers, elapsed_s, expected):
    """What a trial cannot tell apart is inside its interval; a full batch leaves only the machine's unrest."""
    trial = _Trial(check_options({}, TableOptions), "x")
    reply = Reply(text="x", finish_reason="stop", model="m", seconds=1.0)
    trial._outcomes = [Outcome(index=index, values={}, reply=reply, seconds=1.0) for index in range(8)]
    trial._elapsed_s, trial._workers = elapsed_s, workers
    assert trial.estimate(160, None).seconds == pytest.approx(expected)


@pytest.mark.parametrize(
    "draw_row",
    [
        lambda draw: draw.uniform(80, 120),
        lambda draw: draw.lognormvariate(4, 0.5),
        lambda draw: draw.choice((50, 300)),
        lambda draw: draw.expovariate(0.01),
    ],
    ids=["even", "skewed", "two kinds", "exponential"],
)
def test_sums_are_inside_nine_times_in_ten(draw_row):
    """Of 200 tables of 400 rows, 16 tried; fewer than 168 is nearly three standard deviations below 180."""
    draw = random.Random(0)
    inside = 0
    for trial in range(200):
        table = [draw_row(draw) for _ in range(400)]
        figure = _for_all(draw.sample(table, 16), 400, trial)
        inside += figure.low <= sum(table) <= figure.high
    assert inside >= 168


def test_rows_without_tokens_have_a_sum():
    """Nothing, for sure."""
    assert _for_all([0.0, 0.0], 10, 0) == (0, 0, 0)
