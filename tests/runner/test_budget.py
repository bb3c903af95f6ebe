"""What a run may cost, and what it has cost."""

import math
import time

import pytest

from vlmkit.errors import BadSetting
from vlmkit.records import Usage
from vlmkit.runner.budget import Budget, Meter, budget_of, checked_price

USAGE = Usage(prompt_tokens=900, completion_tokens=100)


def meter(price=None, now_s=None, **limits):
    return Meter(Budget(**limits), price, time.monotonic() if now_s is None else now_s)


def test_without_a_budget_there_is_always_room():
    """What is spent is counted all the same."""
    free = meter(price=(1.0, 10.0))
    for _ in range(3):
        free.add(USAGE, "m")
    assert free.reason() is None
    assert (free.spent.tokens, free.spent.money) == (3000, pytest.approx(0.0057))
    assert meter().spent.money is None


def test_minutes_are_of_the_clock():
    """Of nothing that was answered."""
    assert meter(minutes=1, now_s=time.monotonic() - 30).reason() is None
    assert "1 minutes" in meter(minutes=1, now_s=time.monotonic() - 61).reason()


def test_tokens_and_money_end_the_run_when_they_are_used_up():
    """Not before."""
    for limits, price in (({"tokens": 3000}, None), ({"money": 0.0057}, (1.0, 10.0))):
        counted = meter(price=price, **limits)
        for _ in range(2):
            counted.add(USAGE, "m")
            assert counted.reason() is None
        counted.add(USAGE, "m")
        assert "used up" in counted.reason()


def test_asks_in_flight_are_reckoned_with():
    """They will cost what the others did, so that many at a time do not overrun the budget by as many."""
    counted = meter(tokens=10_000)
    assert counted.has_room(50)  # nothing is known yet
    for _ in range(4):
        counted.add(USAGE, "m")
    assert counted.has_room(5)
    assert not counted.has_room(6)
    assert counted.reason() is None


def test_a_model_that_counts_nothing_cannot_keep_a_budget_of_tokens():
    """Said instead of guessed; minutes are kept."""
    counted = meter(tokens=10)
    counted.add(Usage(), "ollama:m")
    assert "ollama:m does not count its tokens" in counted.reason()
    timed = meter(minutes=5)
    timed.add(Usage(), "m")
    assert timed.reason() is None


@pytest.mark.parametrize("value", [{"minutes": 1}, {"tokens": 2e6}, {"minutes": 0.5, "tokens": 10}])
def test_budgets_that_can_be_kept(value):
    """Any of the three, alone or together."""
    budget, price = budget_of(value)
    assert (price, {name: getattr(budget, name) for name in value}) == (None, value)
    assert budget_of({"money": 5}, (0.1, 0.2)) == (Budget(money=5), (0.1, 0.2))
    assert budget_of(None) == (Budget(), None)


@pytest.mark.parametrize(
    "value",
    [
        {}, {"hours": 1}, {"minutes": 0}, {"minutes": -1}, {"minutes": True}, {"minutes": "30"}, {"tokens": math.inf},
        {"tokens": math.nan}, {"money": 5}, 5, "30", [("minutes", 1)],
    ],
)  # fmt: skip
def test_budgets_that_cannot_be_used(value):
    """Each is refused by name; money needs a price."""
    with pytest.raises(BadSetting, match="budget"):
        budget_of(value)


@pytest.mark.parametrize("price", [(1,), (1, 2, 3), (1, -2), ("1", "2"), 5, (True, 1), (1, math.inf), (math.nan, 1)])
def test_prices_that_cannot_be_used(price):
    """Two numbers from 0 up."""
    with pytest.raises(BadSetting, match="price"):
        checked_price(price)
