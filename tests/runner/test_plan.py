"""What a run will do is decided before it begins."""

import pytest

from vlmkit import settings
from vlmkit.backends import Abilities
from vlmkit.errors import BadSetting
from vlmkit.records import Sampling


def test_auto_is_what_keeps_the_backend_busy(plan):
    """And the pixel budget is the backend's."""
    made = plan(Abilities(parallel_asks=5, longest_side_px=700))
    assert (made.workers, made.longest_side_px, made.fail_fast) == (5, 700, False)
    assert made.sampling == Sampling()
    assert made.timeout_s is None


def test_an_argument_stands_above_the_settings(plan, monkeypatch):
    """Argument, session, environment, in this order."""
    monkeypatch.setenv("VLMKIT_WORKERS", "3")
    monkeypatch.setenv("VLM_TIMEOUT_SECONDS", "9")
    assert (plan().workers, plan().timeout_s) == (3, 9.0)
    settings.use(workers=4)
    assert plan().workers == 4
    assert plan(workers=2).workers == 2
    assert plan(workers="auto").workers == Abilities().parallel_asks
    assert plan(timeout_s=1.5).timeout_s == 1.5


@pytest.mark.parametrize(("cores", "decoders"), [(1, 1), (2, 1), (8, 4), (64, 8), (None, 1)])
def test_pictures_are_decoded_on_half_the_cores_at_most(plan, monkeypatch, cores, decoders):
    """The other half belongs to the model; more than one per ask would have nothing to do."""
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    made = plan(Abilities(parallel_asks=8))
    assert made.decoders == decoders
    assert made.ahead == 8 + decoders


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_error": "ignore"}, "on_error='ignore': give \"skip\""),
        ({"workers": 0}, "workers: 0 cannot be used"),
        ({"workers": "many"}, "workers: 'many' cannot be used"),
        ({"timeout_s": -1}, "timeout_s: -1 cannot be used"),
    ],
)
def test_values_that_cannot_be_used(plan, options, message):
    """Each is named with what it may be."""
    with pytest.raises(BadSetting, match=message):
        plan(**options)
