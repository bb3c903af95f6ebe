"""What a run will do is decided before it begins."""

import logging

import pytest

from vlmkit import settings
from vlmkit.backends import Abilities
from vlmkit.errors import BadSetting
from vlmkit.records import Sampling
from vlmkit.runner import plan as plans
from vlmkit.runner import target_of
from vlmkit.runner.attempt import Backoff


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    """Each test hears the warning that is given once."""
    monkeypatch.setattr(plans, "_warned", set())


def test_auto_is_what_keeps_the_backend_busy(plan, backend):
    """And the pixel budget is the backend's."""
    made = plan(backend(parallel_asks=5, longest_side_px=700))
    assert (made.workers, made.adaptive, made.targets[0].longest_side_px, made.fail_fast) == (5, False, 700, False)
    assert made.sampling == Sampling()
    assert (made.timeout_s, made.on_timeout, made.backoff.max_retries, made.reuse) == (None, "error", 3, "answers")
    assert not made.replays


def test_a_server_is_found_out(plan, backend):
    """How much it can take is its own affair, unless somebody says a number."""
    server = backend(parallel_asks=4, destination="http://example.test")
    assert (plan(server).workers, plan(server).adaptive) == (4, True)
    assert (plan(server, workers=9).workers, plan(server, workers=9).adaptive) == (9, False)


def test_an_argument_stands_above_the_settings(plan, monkeypatch):
    """Argument, session, environment, in this order."""
    monkeypatch.setenv("VLMKIT_WORKERS", "3")
    monkeypatch.setenv("VLM_TIMEOUT_SECONDS", "9")
    monkeypatch.setenv("VLM_TIMEOUT_BEHAVIOR", "continue")
    assert (plan().workers, plan().timeout_s, plan().on_timeout) == (3, 9.0, "continue")
    settings.use(workers=4)
    assert plan().workers == 4
    assert plan(workers=2).workers == 2
    assert plan(workers="auto").workers == Abilities().parallel_asks
    assert plan(timeout_s=1.5).timeout_s == 1.5


def test_a_model_elsewhere_leaves_all_cores_to_pictures(plan, backend, monkeypatch, caplog):
    """Nobody else needs them, so there is nothing to warn of either."""
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    elsewhere = backend(parallel_asks=8, destination="http://127.0.0.1:1/v1")
    assert [plan(elsewhere, workers=workers).decoders for workers in ("auto", 3, 64)] == [4, 3, 4]
    assert not caplog.records


@pytest.mark.parametrize(("cores", "decoders"), [(1, 1), (2, 1), (8, 4), (64, 8), (None, 1)])
def test_pictures_are_decoded_on_half_the_cores_at_most(plan, backend, monkeypatch, caplog, cores, decoders):
    """The other half belongs to the model; more than one per ask would have nothing to do."""
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert plan(backend(parallel_asks=8)).decoders == decoders
    assert caplog.text == ""


def test_whoever_asks_for_more_is_told_once_and_gets_it(plan, monkeypatch, caplog):
    """Asks are never capped, decoding is."""
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    with caplog.at_level(logging.WARNING):
        made = [plan(workers=workers) for workers in (4, 64, 65)]
    assert [(each.workers, each.decoders) for each in made] == [(4, 4), (64, 4), (65, 4)]
    (record,) = caplog.records
    assert "workers=64 is more than half of the 8 cores: pictures are decoded on 4 at a time" in record.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_error": "ignore"}, "on_error='ignore': give \"skip\""),
        ({"workers": 0}, "workers: 0 cannot be used"),
        ({"workers": "many"}, "workers: 'many' cannot be used"),
        ({"timeout_s": -1}, "timeout_s: -1 cannot be used"),
        ({"on_timeout": "wait"}, "on_timeout: 'wait' cannot be used"),
        ({"max_retries": -1}, "max_retries: -1 cannot be used"),
        ({"max_retries": True}, "max_retries: True cannot be used"),
        ({"silence_s": 0}, "silence_s: 0 cannot be used"),
        ({"budget": {"hours": 1}}, "budget"),
        ({"price": 3}, "price=3"),
        ({"reuse": "some"}, "reuse='some': give one of answers"),
    ],
)
def test_values_that_cannot_be_used(plan, options, message):
    """Each is named with what it may be."""
    with pytest.raises(BadSetting, match=message):
        plan(**options)


def test_a_target_is_who_is_asked_and_where_that_is(backend):
    """What the user called it stays known."""
    model = backend(longest_side_px=99, destination="http://example.test")
    target = target_of(model, named="m")
    assert (target.model, target.revision, target.longest_side_px, target.named) == ("fake:echo", "1", 99, "m")
    assert target.destination == "http://example.test"
    assert plans.Target(model="x", revision=None, longest_side_px=1, backend=None).destination == "the store"


def test_a_servers_silence_has_an_end_unless_somebody_set_a_deadline(plan):
    """The default would cut a longer deadline short; what was set on purpose stands beside it."""
    assert plan().silence_s == 60.0
    assert plan(timeout_s=300).silence_s is None
    assert plan(timeout_s=300, silence_s=90).silence_s == 90.0
    assert plan(silence_s="none").silence_s is None
    settings.use(silence_s=5)
    assert plan(timeout_s=300).silence_s == 5.0


def test_how_rows_are_tried_again_is_a_setting(plan, monkeypatch):
    """Argument, session, environment, in this order."""
    assert plan().backoff == Backoff()
    monkeypatch.setenv("VLMKIT_MAX_RETRIES", "7")
    monkeypatch.setenv("VLMKIT_FIRST_WAIT_S", "0.25")
    settings.use(longest_wait_s=9)
    assert plan().backoff == Backoff(max_retries=7, first_wait_s=0.25, longest_wait_s=9.0)
    assert plan(max_retries=0).backoff.max_retries == 0


def test_who_is_a_server(plan, backend):
    """Of the models that are asked, the first."""
    server, here = backend(destination="http://x.test"), backend()
    assert [plan(server, fallbacks=[here]).asks_a_server, plan(here, fallbacks=[server]).asks_a_server] == [True, False]
