"""Pictures as a model is to see them, each opened once however many questions there are."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from PIL import Image

from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import UnreadableImage
from vlmkit.prompts import compose_description, compose_question
from vlmkit.runner import Example, Question, picture_inputs, run, target_of
from vlmkit.runner.picture_inputs import ExampleMessages, PictureInputs
from vlmkit.runner.preparing import Preparer
from vlmkit.sources import Limits, decode, refer
from vlmkit.store import open_store


@pytest.fixture
def opened(monkeypatch):
    """How often a picture was decoded."""
    counts, normalize = [], picture_inputs.normalize

    def counting(*arguments, **options):
        counts.append(arguments)
        return normalize(*arguments, **options)

    monkeypatch.setattr(picture_inputs, "normalize", counting)
    return counts


def test_many_questions_decode_a_picture_once(photo, plan, backend, opened, tmp_path):
    """From several threads, with and without a store."""
    tasks = [compose_question(text, into=text) for text in ("a", "b", "c", "d")]
    for store in (None, tmp_path / "s.sqlite"):
        images = [(refer(photo + bytes([number])),) for number in range(6)]
        asked = [Question(task=task, images=each, prompt=task.name) for each in images for task in tasks]
        made = replace(plan(backend()), tasks=tuple(tasks), decoders=4)
        opened.clear()
        with open_store(store) if store else ThreadPoolExecutor(1) as opened_store:
            outcomes = list(run(asked, made, total=24, store=opened_store if store else None))
        found = [text for outcome in outcomes for text in outcome.values.values()]
        assert found == [f"answer {name}" for name in "abcd"] * 6
        assert len(opened) == 6


def test_one_question_keeps_no_picture(photo, opened):
    """Memory does not grow with the rows."""
    kept = PictureInputs(None, Limits.in_force(), keep=False)
    ref, target = refer(photo), target_of(FakeBackend())
    assert kept.view(ref, target) is not kept.view(ref, target)


def test_the_oldest_views_go_first(photo, monkeypatch):
    """A bounded number is kept."""
    monkeypatch.setattr(picture_inputs, "_MOST_KEPT", 2)
    kept = PictureInputs(None, Limits.in_force(), keep=True)
    refs, target = [refer(photo) for _ in range(3)], target_of(FakeBackend())
    first = kept.view(refs[0], target)
    assert kept.view(refs[0], target) is first
    assert kept.view(refs[0], target_of(FakeBackend(abilities=Abilities(longest_side_px=8)))) is not first
    kept.view(refs[2], target)
    assert kept.view(refs[0], target) is not first


def test_views_are_kept_within_a_budget_of_memory(photo, monkeypatch):
    """Large pictures push earlier ones out; one that was not opened yet takes nothing."""
    monkeypatch.setattr(picture_inputs, "_MOST_KEPT_BYTES", 2 * len(photo))
    kept = PictureInputs(None, Limits.in_force(), keep=True)
    refs, target = [refer(photo) for _ in range(4)], target_of(FakeBackend())
    first = kept.view(refs[0], target)
    for ref in refs[:3]:
        assert kept.view(ref, target).picture.data
    assert kept.view(refs[3], target) is kept.view(refs[3], target)
    assert kept.view(refs[0], target) is not first


def test_a_picture_that_is_not_compressed_again_is_another_one_to_the_store():
    """What a server got must not answer for what this process gets."""
    encoded, lossless = (target_of(FakeBackend(abilities=Abilities(lossless=each))) for each in (False, True))
    assert picture_inputs.identity(encoded, "0a") != picture_inputs.identity(lossless, "0a")


def test_pictures_for_this_process_are_not_compressed_again(plan, backend):
    """The pixels of an object arrive as they are."""
    image = Image.effect_noise((40, 30), 80).convert("RGB")
    asked = []
    model = backend(lambda ask: asked.append(ask.pictures[0]) or "yes", lossless=True)
    (question,) = [Question(task=compose_description("?", into="text"), images=(refer(image),), prompt="?")]
    assert [outcome.fault for outcome in run([question], plan(model), total=1)] == [None]
    assert decode(asked[0]).tobytes() == image.tobytes()


def test_examples_become_turns_and_change_the_key(photo, plan, opened):
    """Their pictures are decoded once; another answer makes another question."""
    task = compose_description("?", into="text")
    shown = (Example(images=(refer(photo + b"1"),), prompt="?", answer="a dog"),)
    preparer = Preparer(plan(), None)
    rows = [Question(task=task, images=(refer(photo),), prompt="?", examples=shown) for _ in range(3)]
    prepared = [preparer.prepare(row, 0) for row in rows]
    assert len(opened) == 4
    shown_before, answer, _ = prepared[0].ask.messages
    assert (shown_before.text, answer.text, len(shown_before.pictures)) == ("?", "a dog", 1)
    assert len(prepared[0].ask.pictures) == 2
    other = replace(rows[0], examples=(replace(shown[0], answer="a cat"),))
    bare = replace(rows[0], examples=())
    keys = {preparer.prepare(row, 0).key for row in (*rows, other, bare)}
    assert len(keys) == 3


def test_an_example_that_cannot_be_read_is_a_fault():
    """It says which."""
    turns = ExampleMessages(PictureInputs(None, Limits.in_force(), keep=False))
    shown = (Example(images=(refer("gone.jpg"),), prompt="?", answer="a dog"),)
    with pytest.raises(UnreadableImage, match="gone"):
        turns.of(shown, target_of(FakeBackend()))
