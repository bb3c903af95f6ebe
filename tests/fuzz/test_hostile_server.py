"""Whatever a server does, each row ends in time with its own answer or a fault that says what happened."""

import importlib.util
import io
import pickle
import resource
import sys
import time
import traceback
from concurrent.futures import wait
from pathlib import Path

import pytest

from vlmkit.backends import load
from vlmkit.errors import RunError, VlmkitError
from vlmkit.records import Ask, Picture, one_question

_spec = importlib.util.spec_from_file_location("hostile_server", Path(__file__).with_name("hostile_server.py"))
hostile_server = sys.modules.setdefault("hostile_server", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(hostile_server)
BEHAVIOURS, ENGINES, POISON, STREAMED = (getattr(hostile_server, name) for name in hostile_server.__all__[:4])
HostileServer = hostile_server.HostileServer

KEY = "sk-hostile-0123456789abcdef"
TIMEOUT_S = 1.0  # where an answer is not to be had
GUARD_S = 60
ROWS = 4
WIDTH_OF_NONSENSE = 13  # as many rows as there are kinds of it
GOOD = {
    "honest",
    "honest_events",
    "second_answer_with_the_first",
    "second_answer_in_chunks",
    "second_answer_at_once",
    "second_answer_soon",
    "half_a_second_answer",
    "interim_answer_behind",
    "line_feeds_behind",
    "answer_and_close",
    "bare_line_feeds",
    "folded_header",
    "nonsense_in_usage",
    "usage_is_no_mapping",
}
"""Whose answers are to be had in spite of all."""
SHORT = [(name, "openai") for name in BEHAVIOURS if name not in {"silence", "a_byte_now_and_then"}]
SHORT += [("nonsense_in_usage", engine) for engine in ENGINES[1:]]
SHORT += [("key_in_deltas", "anthropic"), ("key_in_error", "gemini"), ("silence", "gemini")]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """No settings of the working folder."""
    monkeypatch.chdir(tmp_path)


def ask_about(number, timeout_s, **options):
    picture = Picture(data=b"picture", media_type="image/png", width=1, height=1, digest=str(number))
    return Ask(messages=one_question(f"row-{number}", (picture,)), timeout_s=timeout_s, **options)


def all_words(fault):
    """Everything that a person could see of an exception."""
    seen, error = [repr(fault), str(fault)], fault
    while error is not None:
        seen += traceback.format_exception(error)
        frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), capture_locals=True)
        # The variables of this module are ours: the key in them is where it comes from.
        seen += [str(frame.locals) for frame in frames if frame.filename != __file__]
        error = error.__cause__ or error.__context__
    return " ".join(seen)


def asked(model, rows=ROWS, timeout_s=GUARD_S / 2, **options):
    futures = [model.submit(ask_about(number, timeout_s, **options)) for number in range(rows)]
    assert not wait(futures, GUARD_S).not_done
    return futures


def check(name, engine):
    """All that has to hold for one behaviour in one dialect."""
    start_s = time.monotonic()
    with HostileServer(name, engine) as server, HostileServer("honest") as good:
        other = load(good.model)
        model = load(server.model, api_key=KEY)
        pieces, rows = io.StringIO(), WIDTH_OF_NONSENSE if "nonsense" in name else ROWS
        try:
            timeout_s = GUARD_S / 2 if name in GOOD else TIMEOUT_S
            futures = asked(model, rows, timeout_s, keep_partial=name in STREAMED)
            if name in STREAMED:
                futures.append(model.submit(ask_about(0, timeout_s), lambda delta: pieces.write(delta.text)))
            beside = asked(other)
            wait(futures, GUARD_S)
            shown = (
                repr(vars(model))
                + repr(model)
                + repr([vars(endpoint.transport) for endpoint in model._balancer.endpoints])
            )
            shown += repr([vars(endpoint.transport._connections) for endpoint in model._balancer.endpoints])
        finally:
            model.close()
            other.close()
    assert time.monotonic() - start_s < GUARD_S
    assert [future.result().text for future in beside] == [f"a circle of row-{number}" for number in range(ROWS)]
    for number, future in enumerate(futures):
        check_row(future, number % rows, is_good=name in GOOD)
    assert KEY not in shown
    assert KEY not in pieces.getvalue()
    with pytest.raises(TypeError):
        pickle.dumps(model)


def check_row(future, number, *, is_good):
    fault = future.exception()
    if fault is None:
        reply = future.result()
        assert KEY not in repr(reply)
        assert POISON not in reply.text
        if "row" in reply.text:
            assert f"row-{number}" in reply.text
        if is_good:
            assert reply.text == f"a circle of row-{number}"
        return
    assert not is_good, repr(fault)
    assert isinstance(fault, RunError)
    assert "Report it" not in str(fault)
    assert str(fault).isprintable()
    assert len(str(fault)) < 1000
    assert KEY not in all_words(fault)
    assert KEY not in repr(vars(fault))


@pytest.mark.parametrize(("name", "engine"), SHORT)
def test_a_row_ends_with_its_answer_or_a_fault(name, engine):
    """And a good server beside it is asked as ever."""
    check(name, engine)


@pytest.mark.slow_test
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_behaviour_in_every_dialect(name, engine):
    """What holds for one holds for all."""
    check(name, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_list_of_models_without_measure_is_refused(engine):
    """Before it fills the memory; the model can be asked all the same."""
    from vlmkit.providers.inquiry import list_host_models

    with HostileServer("honest", engine, models=300_000) as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(VlmkitError, match=r"longer than any list|more than|lists .* models"):
            list_host_models(engine, 20.0, server.url)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 300 * (1024 if sys.platform == "linux" else 1024**2)
