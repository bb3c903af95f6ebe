"""Options are checked before anything is opened."""

import pytest

from vlmkit.errors import BadSetting
from vlmkit.frame.options import AskOptions, CheckedOptions, RowOptions, TableOptions, check_options
from vlmkit.records import Sampling


def test_nothing_given_is_greedy_and_safe():
    """The defaults are those the docstring names."""
    options = check_options({}, TableOptions)
    assert options.sampling == Sampling()
    assert options == CheckedOptions(sampling=Sampling(max_tokens=256, temperature=0.0, seed=0))
    assert (options.on_error, options.progress, options.overwrite, options.details) == ("skip", "auto", False, False)


def test_tokens_are_chosen_as_told():
    """Every sampling option arrives; one stop text may stand alone."""
    given = {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 40,
        "repetition_penalty": 1.1,
        "frequency_penalty": 0.5,
        "presence_penalty": -2,
        "max_tokens": 9,
        "stop": "\n",
        "seed": 3,
    }
    assert check_options(given, AskOptions).sampling == Sampling(**{**given, "stop": ("\n",)})
    assert check_options({"stop": ["a", "b"]}, AskOptions).sampling.stop == ("a", "b")


def test_everything_else_arrives(backend):
    """A name or an open backend as the model."""
    model = backend()
    given = {"model": model, "image": "front", "recursive": True, "overwrite": True, "details": True, "workers": 2}
    options = check_options({**given, "timeout_s": 3, "on_error": "fail", "progress": False}, TableOptions)
    assert (options.model, options.image, options.workers, options.timeout_s) == (model, "front", 2, 3)
    assert (options.recursive, options.overwrite, options.details) == (True, True, True)
    assert (options.on_error, options.progress) == ("fail", False)
    assert check_options({"fallback": "tiny"}, TableOptions).fallback == ("tiny",)
    assert check_options({"fallback": [model, "tiny"]}, TableOptions).fallback == (model, "tiny")
    assert check_options({"fallback": None}, TableOptions).fallback == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temprature": 1}, "'temprature' is an unknown option. Did you mean 'temperature'"),
        ({"zzz": 1}, "'zzz' is an unknown option. Options are: background, budget, confidence, details, examples"),
        ({"temperature": -0.1}, r"temperature=-0\.1: give a number from 0"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"temperature": True}, "temperature=True"),
        ({"top_p": 0}, "top_p=0: give a number above 0, up to 1"),
        ({"top_p": 1.5}, "top_p=1.5"),
        ({"top_k": -1}, "top_k=-1"),
        ({"top_k": 2.0}, "top_k=2.0"),
        ({"repetition_penalty": 0}, "repetition_penalty=0"),
        ({"frequency_penalty": 2.5}, "frequency_penalty=2.5: give a number from -2 to 2"),
        ({"presence_penalty": "1"}, "presence_penalty='1'"),
        ({"max_tokens": 0}, "max_tokens=0"),
        ({"max_tokens": "9"}, "max_tokens='9'"),
        ({"stop": ""}, "stop=''"),
        ({"stop": ["a", 1]}, "stop="),
        ({"seed": 1.5}, "seed=1.5"),
        ({"details": "yes"}, "details='yes': give True or False"),
        ({"recursive": 1}, "recursive=1"),
        (
            {"overwrite": "no"},
            'overwrite=\'no\': give True, False, "unreviewed", "missing", "errors" or "all"',
        ),
        ({"limit": 0}, "limit=0: give a whole number of rows"),
        ({"sample": 0.1}, "sample=0"),
        ({"max_retries": -1}, "max_retries=-1"),
        ({"fallback": [3]}, r"fallback=\[3\]: give a model's name, what vk.load gave, or a list"),
        ({"model": 7}, "model=7: give a model's name, or what vk.load gave"),
    ],
)
def test_what_no_verb_takes(given, message):
    """Each says what to give instead."""
    with pytest.raises(BadSetting, match=message):
        check_options(given, TableOptions)


@pytest.mark.parametrize(("kind", "name"), [(AskOptions, "image"), (AskOptions, "workers"), (RowOptions, "details")])
def test_a_verb_takes_only_what_it_uses(kind, name):
    """An option without effect is refused rather than ignored."""
    with pytest.raises(BadSetting, match=f"'{name}' is an unknown option"):
        check_options({name: None}, kind)
