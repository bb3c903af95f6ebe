"""From a row to its ask, or straight to its stored answer."""

import threading
import time
from dataclasses import replace

import pytest
from PIL import Image

from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import UnreadableImage
from vlmkit.prompts import compose_description, compose_question
from vlmkit.records import Reply, Sampling
from vlmkit.runner import Question, Target, picture_inputs
from vlmkit.runner.preparing import Decoders, Preparer
from vlmkit.sources import refer
from vlmkit.store import RowRecord, RunRecord, open_store


@pytest.fixture
def store(tmp_path):
    """An open store of its own."""
    with open_store(tmp_path / "s.sqlite") as opened:
        yield opened


@pytest.fixture
def picture(tmp_path, monkeypatch):
    """A file that counts as unchanged for long enough to be known by its stamp."""
    monkeypatch.setattr("vlmkit.sources.identity._SETTLED_NS", 0)
    path = tmp_path / "a.png"
    Image.new("RGB", (48, 32), "teal").save(path)
    return path


TEXT = compose_description("?", into="text")


def question(path, prompt="What?", task=TEXT):
    return Question(task=task, images=(refer(str(path)),), prompt=prompt)


def keep(store, prepared, text="a cat"):
    """Store an answer to what was prepared, as a run does."""
    reply = Reply(text=text, finish_reason="stop", model=prepared.target.model)
    run = store.begin(RunRecord(model="fake:echo", total=1))
    row = RowRecord(index=0, label="a", prompt="What?", key=prepared.key, pictures=prepared.pictures, reply=reply)
    store.record(run, [row])


def no_decoding(monkeypatch):
    monkeypatch.setattr(picture_inputs, "normalize", lambda *_: pytest.fail("decoded"))


def test_an_ask_carries_everything_the_backend_needs(photo, plan):
    """Pictures within the budget, prompt, system text, sampling and deadline."""
    task = compose_description("x", system="Be short.", into="text")
    made = plan(
        FakeBackend(abilities=Abilities(longest_side_px=24)),
        sampling=Sampling(max_tokens=7),
        timeout_s=5,
    )
    prepared = Preparer(made, None).prepare(Question(task=task, images=(refer(photo),) * 2, prompt="What?"), 0)
    ask = prepared.ask
    assert [(picture.width, picture.height) for picture in ask.pictures] == [(24, 16), (24, 16)]
    assert (ask.prompt, ask.system, ask.sampling.max_tokens, ask.timeout_s) == ("What?", "Be short.", 7, 5.0)
    assert ask.constraint is None


def test_what_the_answer_must_be_is_sent_to_whoever_enforces_it(photo, plan):
    """Others are told by the prompt alone, and their answers are other answers."""
    task = compose_question("How many?", dtype=int, into="n")
    asked = Question(task=task, images=(refer(photo),), prompt="How many?")
    strict = Preparer(plan(FakeBackend(abilities=Abilities(json_schema=True))), None).prepare(asked, 0)
    free = Preparer(plan(FakeBackend()), None).prepare(asked, 0)
    assert strict.ask.constraint == task.constraint is not None
    assert free.ask.constraint is None
    assert strict.key != free.key


def test_a_picture_that_cannot_be_read_is_its_fault(plan, store):
    """The fault names the file, with a store or without."""
    for each in (None, store):
        with pytest.raises(UnreadableImage, match=r"gone\.jpg"):
            Preparer(plan(), each).prepare(question("gone.jpg"), 0)


def test_what_is_stored_costs_a_glance(plan, store, picture, monkeypatch):
    """The file is neither decoded nor even opened."""
    preparer = Preparer(plan(), store)
    assert preparer.glance([question(picture)])[0] is None
    keep(store, preparer.prepare(question(picture), 0))
    no_decoding(monkeypatch)
    monkeypatch.setattr(picture_inputs, "loaded", lambda _: pytest.fail("read"))
    for found in (preparer.glance([question(picture)])[0], preparer.prepare(question(picture), 0)):
        assert (found.reply.text, found.values, found.ask) == ("a cat", {"text": "a cat"}, None)
    assert preparer.glance([question(picture, "Who?")])[0] is None


def test_many_rows_take_one_glance(plan, store, picture, tmp_path):
    """Each gets its own answer, or none: another question, a file that is gone, a picture the store has never seen."""
    preparer = Preparer(plan(), store)
    for prompt in ("What?", "Who?"):
        keep(store, preparer.prepare(question(picture, prompt), 0), prompt)
    Image.new("RGB", (20, 20), "gold").save(tmp_path / "new.png")
    asked = [question(picture), question(tmp_path / "gone.png"), question(picture, "Who?"), question(picture, "Why?")]
    asked += [question(tmp_path / "new.png"), question(picture)]
    found = Preparer(plan(), store).glance(asked)
    assert [each and each.reply.text for each in found] == ["What?", None, "Who?", None, None, "What?"]


def test_what_was_not_there_at_a_glance_is_looked_for_by_content(plan, store, picture):
    """Another process may have stored it meanwhile; its answer is found all the same."""
    late, other = Preparer(plan(), store), Preparer(plan(), store)
    assert late.glance([question(picture)]) == [None]
    keep(store, other.prepare(question(picture), 0))
    assert late.prepare(question(picture), 0).reply.text == "a cat"


def test_a_renamed_file_costs_one_read(plan, store, picture, monkeypatch):
    """And from then on a glance, under its new name."""
    preparer = Preparer(plan(), store)
    keep(store, preparer.prepare(question(picture), 0))
    moved = picture.rename(picture.with_name("b.png"))
    no_decoding(monkeypatch)
    assert preparer.glance([question(moved)])[0] is None
    prepared = preparer.prepare(question(moved), 0)
    assert prepared.reply.text == "a cat"
    keep(store, prepared)
    assert preparer.glance([question(moved)])[0] is not None


def test_the_same_picture_in_another_file_is_asked_no_more(plan, store, tmp_path):
    """What counts are the bytes that would be sent: here two files become the same JPEG."""
    for level in (0, 9):
        Image.new("RGB", (48, 32), "teal").save(tmp_path / f"{level}.png", compress_level=level)
    assert (tmp_path / "0.png").read_bytes() != (tmp_path / "9.png").read_bytes()
    preparer = Preparer(plan(FakeBackend(abilities=Abilities(longest_side_px=24))), store)
    keep(store, preparer.prepare(question(tmp_path / "0.png"), 0))
    assert preparer.prepare(question(tmp_path / "9.png"), 0).reply.text == "a cat"


@pytest.mark.parametrize(
    "change",
    [
        {"targets": [Target(model="fake:echo", revision="2", longest_side_px=1568, backend=FakeBackend())]},
        {"targets": [Target(model="fake:other", revision="1", longest_side_px=1568, backend=FakeBackend())]},
        {"targets": [Target(model="fake:echo", revision="1", longest_side_px=16, backend=FakeBackend())]},
        {"sampling": Sampling(seed=1)},
        {"task": compose_description("?", system="Be short.", into="text")},
        {"reuse": "nothing"},
    ],
)
def test_what_changes_the_answer_asks_again(plan, store, picture, change):
    """Another revision, model, pixel budget, parameter, system text; or the wish to ask anew."""
    made = plan()
    keep(store, Preparer(made, store).prepare(question(picture), 0))
    asked = question(picture, task=change.get("task", TEXT))
    change = {name: value for name, value in change.items() if name != "task"}
    preparer = Preparer(replace(made, **change), store)
    assert preparer.glance([asked])[0] is None
    prepared = preparer.prepare(asked, 0)
    assert prepared.ask is not None
    assert prepared.reply is None


def test_a_deadline_does_not_change_an_answer(plan, store, picture):
    """Nor the number of workers."""
    keep(store, Preparer(plan(), store).prepare(question(picture), 0))
    assert Preparer(plan(timeout_s=3, workers=1), store).glance([question(picture)])[0] is not None


def test_unreadable_answers_are_asked_again_on_request(plan, store, picture):
    """Otherwise they are read again: by a reader that may have learned."""
    task = compose_question("How many?", dtype=int, into="n")
    asked = question(picture, task=task)
    keep(store, Preparer(plan(), store).prepare(asked, 0), text="many")
    assert Preparer(plan(), store).glance([asked])[0].reply.text == "many"
    assert Preparer(plan(reuse="readable"), store).prepare(asked, 0).ask is not None


def test_a_replay_looks_under_every_revision(plan, store, picture, monkeypatch):
    """And has no ask where there is no answer."""
    keep(store, Preparer(plan(), store).prepare(question(picture), 0))
    targets = [Target(model="fake:echo", revision=rev, longest_side_px=1568, backend=None) for rev in ("2", "1")]
    preparer = Preparer(replace(plan(), targets=tuple(targets)), store)
    no_decoding(monkeypatch)
    assert preparer.glance([question(picture)])[0].reply.text == "a cat"
    assert preparer.prepare(question(picture), 0).target.revision == "1"
    missing = preparer.prepare(question(picture, "Who?"), 0)
    assert (missing.ask, missing.reply) == (None, None)


def test_threads_work_in_order_and_go_away():
    """They begin with the first item, drop what waits when closed, and never keep a process."""
    done, gate = [], threading.Event()

    def work(item):
        gate.wait(20)
        done.append((item, threading.current_thread().name, threading.current_thread().daemon))

    decoders = Decoders(1, work)
    assert decoders._threads == []
    for item in range(3):
        decoders.put(item)
    deadline_s = time.monotonic() + 20
    while decoders._line.qsize() > 2 and time.monotonic() < deadline_s:
        time.sleep(0.001)
    decoders.close()
    gate.set()
    decoders._threads[0].join(20)
    assert done == [(0, "vlmkit-decode", True)]
