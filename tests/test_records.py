"""The nouns are frozen, keyword-only, and quiet about pixels."""

import dataclasses
import inspect

import pytest

from vlmkit import records
from vlmkit.records import Ask, ImageRef, Picture, Sampling

NOUNS = [getattr(records, name) for name in records.__all__]


@pytest.mark.parametrize("noun", NOUNS)
def test_nouns_are_frozen_and_keyword_only(noun):
    """A record can be shared between threads and never depends on the order of its fields."""
    assert noun.__dataclass_params__.frozen
    parameters = inspect.signature(noun).parameters.values()
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters)
    assert "__slots__" in vars(noun)


def test_a_record_cannot_be_changed():
    """Assignment fails."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Sampling().seed = 3


def test_reprs_leave_pixels_out():
    """Ten megabytes of JPEG do not end in a log line."""
    picture = Picture(data=b"\xff\xd8secret", media_type="image/jpeg", width=4, height=2, digest="ab")
    assert "secret" not in repr(Ask(pictures=(picture,), prompt="What is it?"))
    assert "secret" not in repr(ImageRef(source=b"secret", label="<bytes 6>"))


def test_sampling_is_greedy_unless_told():
    """Tables are reproducible by default."""
    assert Sampling().temperature == 0.0
