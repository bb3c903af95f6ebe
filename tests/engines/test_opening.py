"""What an open model says of itself follows from what was loaded."""

import threading
import time

import pytest

from tests.families.drawing import picture
from vlmkit.engines import inspection
from vlmkit.engines.desk import desk
from vlmkit.engines.mlx import open_engine
from vlmkit.engines.opening import load_timeout_s, open_on_desk
from vlmkit.errors import Cancelled, ModelLoadFailed, ServerFault, TimedOut
from vlmkit.records import Ask, Sampling, one_question


@pytest.fixture
def opened(checkpoint, monkeypatch, tmp_path):
    """Open the checkpoint without an engine around it, with changes to the modules involved."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def build(slots=None, *, wrong_allowed=False, **changes):
        def work():
            from vlmkit.engines import conformance, mlx_vlm_api, probe

            for name, value in changes.items():
                module = {"difference": conformance, "examine_sight": probe}.get(name, mlx_vlm_api)
                monkeypatch.setattr(module, name, value)
            found = inspection.inspect(checkpoint, name="m")
            options = {"revision": "r", "adapter": None, "slots": slots, "kv_cache_tokens": None, "code_allowed": False}
            one = open_on_desk(found, name="mlx:m", wrong_allowed=wrong_allowed, **options)
            one.scheduler.shut()
            return one

        return desk().call(work)

    return build


def test_a_conforming_model_is_batched(opened):
    """As many slots as wanted; the runner is told to keep twice as many asks in flight."""
    one = opened(slots=5)
    assert (one.info.slots, one.info.serving, one.abilities.parallel_asks) == (5, "batched", 10)
    assert (one.info.name, one.info.revision, one.language.name) == ("mlx:m", "r", "mlx:m")
    assert one.abilities.images_per_ask > 1
    assert opened().info.slots in {8, 16}


def test_a_model_that_batches_wrongly_is_served_one_by_one(opened):
    """And info says so, with the reason."""
    one = opened(slots=5, difference=lambda _: "because")
    assert (one.info.slots, one.info.serving, one.info.why_one_by_one) == (1, "one by one", "because")
    assert one.abilities.parallel_asks == 2


def test_a_family_of_one_picture_takes_one(opened):
    """What mlx_vlm says of a family becomes an ability."""
    assert opened(single_image_only=lambda _: True).abilities.images_per_ask == 1


def test_a_model_that_does_not_see_rightly_is_refused(opened):
    """Unless it is asked for by name; then its facts say what is wrong."""

    def blind(_language):
        return ("another picture changes nothing",)

    with pytest.raises(ModelLoadFailed, match=r"another picture changes nothing\..*allow_wrong='m'"):
        opened(examine_sight=blind)
    info = opened(examine_sight=blind, wrong_allowed=True).info
    assert info.faithfulness == "wrong"
    assert info.remarks[0] == "It does not see rightly: another picture changes nothing."


def test_whether_it_answers_is_asked_at_every_load(opened):
    """The remembered verdict about batches says nothing of the files and the code of today."""
    assert opened().info.faithfulness == "same"

    def fail(*_):
        message = "unexpected option"
        raise TypeError(message)

    with pytest.raises(ModelLoadFailed, match="cannot answer about a picture: TypeError: unexpected option"):
        opened(prefill=fail)


@pytest.fixture
def lost_soon(checkpoint):
    """An engine on a desk that is lost after a second of silence."""
    with open_engine(str(checkpoint), slots=2) as opened:
        opened._desk._limit = (1.0, "what it computes")
        yield opened


def spin(*_, **__):
    while True:
        pass


def of(prompt="What is it?", **named):
    return Ask(messages=one_question(prompt, (picture(1),)), sampling=Sampling(max_tokens=4), **named)


def test_the_deadline_grows_with_the_weights():
    """Unless somebody names one."""
    assert load_timeout_s("auto", 0) == 900
    assert load_timeout_s("auto", 5_000_000_000) == 1500
    assert load_timeout_s(3.0, 5_000_000_000) == 3.0
    assert load_timeout_s(None, 1) is None


def test_a_model_that_does_not_load_in_time_is_told(checkpoint, monkeypatch):
    """With what to do; the desk is another one then, and the next model loads."""
    before = desk()
    monkeypatch.setattr("vlmkit.engines.mlx.open_on_desk", spin)
    with pytest.raises(ModelLoadFailed, match=r"within 0\.3 s.*raise timeout_s, or load_timeout_s"):
        open_engine(str(checkpoint), timeout_s=0.3)
    monkeypatch.undo()
    assert before.lost
    assert desk() is not before
    with open_engine(str(checkpoint), timeout_s="none") as engine:
        assert engine.submit(of()).result(60).text


def test_an_ask_that_does_not_come_back_ends_alone(lost_soon, monkeypatch):
    """It is `TimedOut`; those that waited behind it may be asked again; the model is opened anew, too."""
    expected = lost_soon.submit(of()).result(60).text
    counts, first = lost_soon.stats, lost_soon._desk
    honest = type(lost_soon._language).prompt

    def prompt(self, ask, *rest):
        return spin() if "spin" in ask.prompt else honest(self, ask, *rest)

    monkeypatch.setattr(type(lost_soon._language), "prompt", prompt)
    stuck, other = lost_soon.submit(of("spin")), lost_soon.submit(of())
    assert isinstance(stuck.exception(60), TimedOut)
    assert "no sign of life" in str(stuck.exception())
    fault = other.exception(60)
    assert isinstance(fault, ServerFault)
    assert fault.is_transient
    assert lost_soon.submit(of()).result(60).text == expected
    assert lost_soon._desk is not first
    assert lost_soon.stats.answered == 1
    assert counts.answered == 1


def test_every_model_of_the_desk_is_opened_anew(lost_soon, checkpoint):
    """Also one that had no part in the loss, when it is asked again; its words and tokens too."""
    with open_engine(str(checkpoint)) as other:
        expected = other.submit(of()).result(60).text
        with pytest.raises(ModelLoadFailed, match="no sign of life"):
            lost_soon._desk.call(spin)
        assert other.tokenize("a") == lost_soon.tokenize("a")
        assert other._desk is lost_soon._desk is desk()
        assert other.submit(of()).result(60).text == expected


def test_closing_on_a_lost_desk_is_closing(checkpoint, monkeypatch):
    """Nothing is opened for that."""
    engine = open_engine(str(checkpoint))
    engine._desk.lose("it is gone.")
    monkeypatch.setattr("vlmkit.engines.mlx.open_on_desk", spin)
    engine.close()
    engine.close()
    assert isinstance(engine.submit(of()).exception(60), Cancelled)


def test_closing_does_not_wait_for_long_work(checkpoint, monkeypatch):
    """Those who wait for answers are told; the model goes when the desk comes back."""
    monkeypatch.setattr("vlmkit.engines.opening._CLOSING_S", 0.1)
    release, begun = threading.Event(), threading.Event()
    engine = open_engine(str(checkpoint))
    own, scheduler = engine._desk, engine._scheduler

    def hold():
        begun.set()
        release.wait(60)

    thread = threading.Thread(target=lambda: own.call(hold))
    thread.start()
    begun.wait(10)
    future = engine.submit(of())
    while not engine._scheduler._in_hand:
        time.sleep(0.01)
    engine.close()
    assert isinstance(future.exception(0), Cancelled)
    assert thread.is_alive()
    release.set()
    thread.join()
    assert own.call(lambda: scheduler not in own._workers)


def test_a_model_that_cannot_be_opened_again_is_a_fault_of_the_row(engine_of_copy):
    """Its files were taken away meanwhile."""
    engine, folder = engine_of_copy
    (folder / "model.safetensors").unlink()
    engine._desk.lose("it is gone.")
    fault = engine.submit(of()).exception(60)
    assert isinstance(fault, ServerFault)
    assert fault.is_fatal


@pytest.fixture
def engine_of_copy(checkpoint, tmp_path):
    for file in checkpoint.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with open_engine(str(tmp_path)) as opened:
        yield opened, tmp_path


def test_a_deadline_is_kept_while_the_desk_is_stuck(engine, monkeypatch):
    """Of the ask at work, and of one that waits behind it; one without a deadline waits on."""
    release, begun = threading.Event(), threading.Event()

    def hold():
        begun.set()
        release.wait(60)

    thread = threading.Thread(target=lambda: engine._desk.call(hold))
    thread.start()
    begun.wait(10)
    late, patient = engine.submit(of(timeout_s=0.2)), engine.submit(of())
    fault = late.exception(60)
    assert not release.is_set()
    release.set()
    thread.join()
    assert isinstance(fault, TimedOut)
    assert "0.2 s were over" in str(fault)
    assert patient.result(60).text
