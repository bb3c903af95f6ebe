"""What is wrong with an ask is found before it is sent, whoever answers."""

import pytest

from vlmkit.backends.checks import blank_prompt, check_sampling, check_timeout
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
        ("temperature", "hot"),
        ("max_tokens", 2.5),
        ("max_tokens", None),
        ("top_k", True),
        ("stop", ("a", "")),
        ("stop", (1,)),
        ("stop", 7),
        ("seed", 0.5),
        ("seed", float("nan")),
        ("max_tokens", float("inf")),
    ],
)
def test_values_that_mean_nothing_are_refused(name, value):
    """With the name, and what it accepts."""
    with pytest.raises(BadSetting, match=f"{name}: .* cannot be used. Give"):
        check_sampling(Sampling(**{name: value}))


def test_what_was_sound_once_is_looked_at_again_where_it_may_have_changed():
    """A list of stops is no constant, whatever the type says."""
    stops = ["a"]
    sampling = Sampling(stop=stops)
    check_sampling(sampling)
    stops.append("")
    with pytest.raises(BadSetting, match="stop: "):
        check_sampling(sampling)


def test_every_value_that_means_something_is_taken():
    """The bounds included."""
    check_sampling(Sampling())
    check_sampling(Sampling(max_tokens=1, temperature=9.0, top_p=1.0, top_k=0, repetition_penalty=0.5))
    check_sampling(Sampling(frequency_penalty=2.0, presence_penalty=-2.0))


@pytest.mark.parametrize("timeout_s", [0, -1, "2", True, float("nan")])
def test_a_deadline_is_above_zero(timeout_s):
    """Or there is none."""
    with pytest.raises(BadSetting, match=r"timeout_s: .* cannot be used"):
        check_timeout(timeout_s)
    check_timeout(None)
    check_timeout(0.001)
