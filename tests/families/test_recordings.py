"""The truth about each family: the engine does what transformers did, in both layouts, question by question."""

import functools
import itertools

import pytest

from tests.families import asks, checkpoint, differences, playing, recording
from tests.families.catalog import CORE, RECIPES
from vlmkit.errors import Refused


def cases():
    """Every question of every family and layout; what is known to come out otherwise has to fail."""
    made = []
    for family, layout, question in itertools.product(recording.families(), checkpoint.LAYOUTS, asks.QUESTIONS):
        if question in RECIPES[family].skips:
            continue
        row = differences.known(family, layout, question)
        marks = [pytest.mark.xfail(reason=row.why, strict=True)] if row and not row.within else []
        if family not in CORE:
            marks.append(pytest.mark.slow_test)
        made.append(pytest.param(family, layout, question, marks=marks, id=f"{family}-{layout}-{question}"))
    return made


@pytest.fixture(scope="module")
def recorded():
    """Recordings, each read once."""
    return functools.cache(recording.load)


@pytest.mark.parametrize(("family", "layout", "question"), cases())
def test_an_engine_does_what_transformers_did(engine_of, recorded, family, layout, question):
    """The same prompt, the same first logits up to rounding, the same twenty tokens up to ties."""
    engine = engine_of(family, layout)
    if family in differences.ONE_PICTURE and len(asks.QUESTIONS[question].all_pictures) > 1:
        with pytest.raises(Refused):
            engine.submit(playing.ask(engine, asks.QUESTIONS[question])).result(60)
        return
    answer = recorded(family).answers[question]
    played = playing.play(engine, playing.ask(engine, asks.QUESTIONS[question]))
    assert played.token_ids == answer.token_ids
    gap = playing.gap(played, answer)
    row = differences.known(family, layout, question)
    assert gap.logits <= max(playing.SAME, row.within if row else 0.0)
    assert gap.same_tokens, (played.tokens, answer.tokens, answer.ties)


@pytest.mark.parametrize("family", recording.families())
def test_a_recording_is_of_its_recipe(recorded, family):
    """A changed recipe is recorded anew."""
    assert recorded(family).recipe == RECIPES[family].digest


def test_every_recipe_is_recorded():
    """And nothing else is."""
    assert recording.families() == sorted(RECIPES)


def test_a_recording_is_read_as_it_was_written(recorded, monkeypatch, tmp_path):
    """Byte for byte, so that recording twice changes nothing."""
    before = (recording.FOLDER / "smolvlm.json.xz").read_bytes()
    monkeypatch.setattr(recording, "FOLDER", tmp_path)
    recording.save(recorded("smolvlm"))
    assert (tmp_path / "smolvlm.json.xz").read_bytes() == before


def _other_positions(files, _tensors):
    files["config.json"]["text_config"]["rope_theta"] *= 10


def _other_template(files, _tensors):
    template = files["chat_template.json"]
    template["chat_template"] = template["chat_template"].replace("Assistant:", "Assistant: ")


def _other_norm(_files, tensors):
    tensors["model.text_model.norm.weight"][3] += 0.1


def _other_tower(_files, tensors):
    tensors["model.vision_model.encoder.layers.1.mlp.fc1.weight"][0] *= 1.5


def _other_colors(files, _tensors):
    files["preprocessor_config.json"]["image_mean"] = [0.5, 0.5, 0.52]


@pytest.mark.parametrize("change", [_other_positions, _other_template, _other_norm, _other_tower, _other_colors])
def test_a_small_fault_is_seen(recorded, tmp_path, change):
    """One number of positions, prompt, weights or pixels is enough."""
    from vlmkit.engines.mlx import open_engine

    checkpoint.write(recorded("smolvlm"), tmp_path / "broken", "v4", change=change)
    with open_engine(str(tmp_path / "broken"), slots=1) as engine:
        gap = playing.gap(
            playing.play(engine, playing.ask(engine, asks.QUESTIONS["odd"])), recorded("smolvlm").answers["odd"]
        )
    assert not gap.is_none
    assert gap.logits > 2 * playing.SAME or not gap.same_ids


def test_a_tie_may_fall_either_way():
    """Of two tokens equally likely, either; of two that were not, none but the likelier."""
    answer = recording.Answer([1], [0.0], [5, 6, 7], {1: (9, 1e-4), 2: (8, 4e-3)})
    told = {tuple(tokens): playing._same_tokens(list(tokens), answer) for tokens in ((5, 6, 7), (5, 9, 1), (5, 3, 7))}
    assert told == {(5, 6, 7): True, (5, 9, 1): True, (5, 3, 7): False}
    assert not playing._same_tokens([5, 6, 8], answer), "a lead that rounding cannot make"
    assert not playing._same_tokens([5, 6], answer), "ended too early"
