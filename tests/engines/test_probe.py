"""A picture that is put in the wrong place, or nowhere, is found with nothing to compare with; no family falsely."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.families.drawing import picture
from vlmkit.engines.desk import desk
from vlmkit.engines.mlx import open_engine
from vlmkit.errors import Cancelled, ModelLoadFailed
from vlmkit.records import Ask, one_question


@pytest.fixture
def probe(engine):
    """The module, imported where MLX may be."""
    return desk().call(lambda: __import__("vlmkit.engines.probe", fromlist=["probe"]))


@pytest.fixture
def found(engine, probe, monkeypatch):
    """What the probe says where the rows that a model makes, and what comes with them, are changed."""
    language = engine._language
    made_by = type(language.model).get_input_embeddings

    class Made:
        def __init__(self, entries):
            self._entries = entries

        def to_dict(self):
            return dict(self._entries)

    def examine(change):
        def embeddings(ids, pixels=None, **given):
            import mlx.core as mx

            rows = made_by(language.model, ids, pixels, **given).inputs_embeds
            return Made(change(mx, ids, pixels, rows, language.model.config.image_token_index))

        monkeypatch.setattr(language.model, "get_input_embeddings", embeddings, raising=False)
        return desk().call(lambda: probe.examine_sight(language))

    yield examine
    # A model keeps what is set on it beside its class's own method.
    language.model.pop("get_input_embeddings", None)


def honest(_mx, _ids, _pixels, rows, _token):
    return {"inputs_embeds": rows}


def without_picture(mx, ids, _pixels, rows, token):
    """Rows with nothing in the picture's places."""
    return mx.where((ids == token)[..., None], 0.0, rows)


def blind(mx, ids, pixels, rows, token):
    return {"inputs_embeds": without_picture(mx, ids, pixels, rows, token)}


def too_many(mx, _ids, _pixels, rows, _token):
    return {"inputs_embeds": mx.concatenate([rows, rows[:, :3]], axis=1)}


def beside(mx, _ids, pixels, rows, _token):
    """The row before the end belongs to the words."""
    if pixels is None:
        return {"inputs_embeds": rows}
    last = mx.arange(rows.shape[1])[None, :, None] == rows.shape[1] - 2
    return {"inputs_embeds": mx.where(last, rows + pixels.mean(), rows)}


def half(mx, ids, pixels, rows, token):
    """The second half of the picture's places stays as it is without a picture."""
    if pixels is None:
        return {"inputs_embeds": mx.where((ids == token)[..., None], 0.5, rows)}
    number = mx.cumsum((ids == token).astype(mx.int32), axis=1)
    unfilled = (ids == token) & (number > number.max() // 2)
    return {"inputs_embeds": mx.where(unfilled[..., None], 0.5, rows)}


def broken(mx, _ids, _pixels, rows, _token):
    return {"inputs_embeds": rows * mx.array(float("nan"))}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (blind, "another picture changes nothing of what it reads"),
        (too_many, "stand for the picture, become"),
        (beside, "the picture changes 5 rows of its prompt, and 4 tokens stand for it"),
        (half, "the picture changes 2 rows of its prompt, and 4 tokens stand for it"),
        (broken, "the picture changes"),
    ],
)
def test_a_picture_in_the_wrong_place_is_found(found, change, why):
    """Rows are counted, and those that change are the picture's own."""
    (fault,) = found(change)
    assert why in fault


def cross_attention(mx, ids, pixels, rows, token):
    """As in Llama 3.2: the picture is looked at beside the prompt."""
    states = mx.zeros(3) if pixels is None else rows.sum(axis=1)
    return {"inputs_embeds": without_picture(mx, ids, pixels, rows, token), "cross_attention_states": states}


def blind_cross_attention(mx, ids, pixels, rows, token):
    states = mx.zeros((2, 3))
    return {"inputs_embeds": without_picture(mx, ids, pixels, rows, token), "cross_attention_states": states}


def test_a_picture_beside_the_prompt_is_no_fault(found):
    """As long as another picture makes a difference there."""
    assert found(cross_attention) == ()
    assert found(blind_cross_attention) == ("another picture changes nothing of what it reads",)


def test_a_picture_before_the_prompt_is_no_fault(found, engine, monkeypatch):
    """As in Florence-2, whose prompt holds no token for it."""
    language = engine._language
    prompt = language.prompt

    def unmarked(*given):
        from dataclasses import replace

        return replace(prompt(*given), image_token=None)

    monkeypatch.setattr(language, "prompt", unmarked)
    assert found(too_many) == ()


def test_a_right_model_passes(found, probe, engine):
    """Also where nothing names the token that its pictures take."""
    assert found(honest) == ()
    assert desk().call(lambda: probe.examine_sight(engine._language)) == ()


def test_what_cannot_be_prepared_is_refused(found, engine, monkeypatch):
    """At the load, not with every row."""

    def fail(*_):
        message = "no such option"
        raise TypeError(message)

    monkeypatch.setattr(engine._language, "prompt", fail)
    with pytest.raises(ModelLoadFailed, match="cannot answer about a picture: TypeError: no such option"):
        found(honest)


class Decoder:
    """Rows of a model that breaks, or holds no numbers."""

    def __init__(self, logits, fault=None):
        self.logits = logits
        self.fault = fault
        self.rows = set()

    def admit(self, row, _prompt, processors, _limit):
        self.rows.add(row)
        self.processors = processors

    def step(self):
        import mlx.core as mx

        if self.fault:
            raise self.fault
        self.processors[0]([], mx.array([self.logits]))
        return [(0, 1)]

    def remove(self, rows):
        self.rows -= rows

    def reset(self):
        self.rows.clear()


def test_a_model_has_to_answer(probe, engine):
    """Its decoder is left empty either way."""

    def ask(decoder):
        desk().call(lambda: probe.answers(engine._language, decoder))

    fine = Decoder([0.0, 1.0])
    ask(fine)
    assert fine.rows == set()
    with pytest.raises(ModelLoadFailed, match="not a number"):
        ask(Decoder([0.0, float("nan")]))
    breaking = Decoder([0.0], RuntimeError("shapes"))
    with pytest.raises(ModelLoadFailed, match="RuntimeError: shapes"):
        ask(breaking)
    assert breaking.rows == set()


@pytest.fixture(scope="module")
def tiny():
    """The bundled model."""
    with open_engine("tiny") as engine:
        yield engine


def test_pixels_come_back_as_colors(tiny):
    """What the model normalized is a picture again: the same colors at the same places."""
    sent = picture(3)
    insight = tiny.look_inside(Ask(messages=one_question("What is it?", (sent,))))
    (tile,) = insight.tiles
    assert (tile.width, tile.height, insight.patch_px, insight.token_px) == (144, 144, 16, 48)
    seen = np.frombuffer(tile.data, np.uint8).reshape(144, 144, 3).astype(int)
    expected = np.array(Image.open(BytesIO(sent.data)).convert("RGB").resize((144, 144)), int)
    assert abs(seen - expected).mean() < 12
    assert insight.image_tokens == 9
    assert "What is it?" in insight.text


def test_a_question_without_pictures_has_no_tiles(tiny):
    """And no tokens for any."""
    insight = tiny.look_inside(Ask(messages=one_question("Hello")))
    assert (insight.tiles, insight.image_tokens) == ((), 0)


def test_tokens_are_those_of_the_answer(engine, ask):
    """The count is the one that replies report."""
    asked = ask(1, "How many?", max_tokens=2)
    assert engine.look_inside(asked).prompt_tokens == engine.submit(asked).result(60).usage.prompt_tokens


def test_a_closed_engine_says_so(checkpoint):
    """Like every other call."""
    engine = open_engine(str(checkpoint), slots=1)
    engine.close()
    with pytest.raises(Cancelled):
        engine.look_inside(Ask(messages=one_question("x")))
