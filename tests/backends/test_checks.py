"""What is wrong with an ask is found before it is sent, whoever answers."""

import pytest

from vlmkit.backends.checks import blank_prompt, check_sampling
from vlmkit.errors import BadSetting, Refused
from vlmkit.records import Ask, Sampling


@pytest.mark.parametrize("prompt", ["", " ", "\n\t", "\u00a0\u2003"])
def test_a_blank_prompt_asks_nothing(prompt):
    """It is a row's fault, as a table's cell may be empty."""
    assert isinstance(blank_prompt(Ask(pictures=(), prompt=prompt)), Refused)


@pytest.mark.parametrize("prompt", ["?", " Describe. ", "0", "图"])
def test_whatever_can_be_read_is_a_prompt(prompt):
    """However short."""
    assert blank_prompt(Ask(pictures=(), prompt=prompt)) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 0),
        ("temperature", -0.1),
        ("temperature", float("inf")),
        ("temperature", float("nan")),
        ("top_p", 0.0),
        ("top_p", 1.1),
        ("top_k", -1),
        ("repetition_penalty", 0.0),
        ("repetition_penalty", float("nan")),
        ("frequency_penalty", 2.1),
        ("presence_penalty", -2.1),
        ("presence_penalty", float("nan")),
    ],
)
def test_values_that_mean_nothing_are_refused(name, value):
    """With the name, and what it accepts."""
    with pytest.raises(BadSetting, match=f"{name}: .* cannot be used. Give"):
        check_sampling(Sampling(**{name: value}))


def test_every_value_that_means_something_is_taken():
    """The bounds included."""
    check_sampling(Sampling())
    check_sampling(Sampling(max_tokens=1, temperature=9.0, top_p=1.0, top_k=0, repetition_penalty=0.5))
    check_sampling(Sampling(frequency_penalty=2.0, presence_penalty=-2.0))
