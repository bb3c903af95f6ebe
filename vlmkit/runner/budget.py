"""What a run may cost, and what it has cost so far: time, tokens, money."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vlmkit.arguments import is_number
from vlmkit.errors import BadSetting
from vlmkit.records import Usage

__all__ = ["Budget", "Meter", "Price", "Spent", "budget_of", "checked_price"]

Price = tuple[float, float]
"""Money for a million prompt tokens, and for a million completion tokens."""

_PER_TOKENS = 1_000_000
_NAMES = ("minutes", "tokens", "money")


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What a run may cost at most; None means no limit.

    Attributes
    ----------
    minutes : float or None, default None
        Of wall time.
    tokens : float or None, default None
        Of prompts and answers together.
    money : float or None, default None
        In the currency of the price.
    """

    minutes: float | None = None
    tokens: float | None = None
    money: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What a run has cost so far.

    Attributes
    ----------
    seconds : float
        Wall time.
    tokens : int
        Of prompts and answers, as far as the model counts them.
    money : float or None
        None where no price was given.
    """

    seconds: float = 0.0
    tokens: int = 0
    money: float | None = None


class Meter:
    """Counts what a run costs, and says when its budget is used up.

    Parameters
    ----------
    budget : Budget
    price : (float, float) or None
    now_s : float
        When the run began, by `time.monotonic`.
    """

    def __init__(self, budget: Budget, price: Price | None, now_s: float) -> None:
        self._budget = budget
        self._price = price
        self._begin_s = now_s
        self._tokens = 0
        self._money = None if price is None else 0.0
        self._has_limit = budget != Budget()
        self._replies = 0
        self._uncounted: str | None = None

    def add(self, usage: Usage, model: str) -> None:
        """Count a reply that a model gave.

        Parameters
        ----------
        usage : Usage
        model : str
        """
        self._replies += 1
        if usage.prompt_tokens is None and usage.completion_tokens is None:
            self._uncounted = model
        prompt, answer = usage.prompt_tokens or 0, usage.completion_tokens or 0
        self._tokens += prompt + answer
        if self._price is not None and self._money is not None:
            self._money += (self._price[0] * prompt + self._price[1] * answer) / _PER_TOKENS

    @property
    def spent(self) -> Spent:
        """What was spent so far."""
        return Spent(seconds=time.monotonic() - self._begin_s, tokens=self._tokens, money=self._money)

    def has_room(self, in_flight: int) -> bool:
        """Whether one more ask may be sent, as those in flight will cost what the others did.

        Parameters
        ----------
        in_flight : int
        """
        return self.reason(in_flight) is None

    def reason(self, in_flight: int = 0) -> str | None:
        """Why nothing more may be asked; None where something may.

        Parameters
        ----------
        in_flight : int, default 0
            Asks whose cost is not known yet.
        """
        if not self._has_limit:  # asked for every row
            return None
        minutes = self._budget.minutes
        if minutes is not None and self.spent.seconds >= 60 * minutes:
            return f"the budget of {minutes:g} minutes is used up"
        return self._reason_by_tokens(1 + in_flight / self._replies if self._replies else 1.0)

    def _reason_by_tokens(self, share: float) -> str | None:
        tokens, money = self._budget.tokens, self._budget.money
        if tokens is None and money is None:
            return None
        if self._uncounted:
            return f"{self._uncounted} does not count its tokens, so that a budget of tokens or money cannot be kept"
        if tokens is not None and self._tokens * share >= tokens:
            return f"the budget of {tokens:,.0f} tokens is used up ({self._tokens:,} spent)"
        if money is not None and self._money is not None and self._money * share >= money:
            return f"the budget of {money:g} is used up ({self._money:.4g} spent)"
        return None


def budget_of(value: Any, price: Any = None) -> tuple[Budget, Price | None]:
    """Check a budget and a price.

    Parameters
    ----------
    value : mapping or None
        Any of ``minutes``, ``tokens`` and ``money``, each above 0.
    price : (float, float) or None, default None
        Money for a million prompt tokens and for a million completion tokens.

    Raises
    ------
    BadSetting
        Another name, a number that cannot be used, or money without a price.
    """
    prices = checked_price(price)
    if value is None:
        return Budget(), prices
    if not isinstance(value, Mapping) or not value or not set(value) <= set(_NAMES):
        raise BadSetting(f"budget={value!r}: give a dict with any of {', '.join(_NAMES)}, as {{'minutes': 30}}.")
    for name, limit in value.items():
        if not is_number(limit) or limit <= 0:
            raise BadSetting(f"budget: {name}={limit!r} cannot be used. Give a number above 0.")
    if "money" in value and prices is None:
        raise BadSetting(
            "budget: money can be counted only with price=(money for a million prompt tokens, and for a million "
            "completion tokens)."
        )
    return Budget(**value), prices


def checked_price(price: object) -> Price | None:
    """Check a price.

    Parameters
    ----------
    price : (float, float) or None
        Money for a million prompt tokens and for a million completion tokens.

    Raises
    ------
    BadSetting
        It is something else.
    """
    if price is None:
        return None
    numbers = list(price) if isinstance(price, tuple | list) else []
    good = all(is_number(each) and each >= 0 for each in numbers)
    if len(numbers) != 2 or not good:
        raise BadSetting(
            f"price={price!r}: give the money for a million prompt tokens and a million completion tokens."
        )
    return float(numbers[0]), float(numbers[1])
