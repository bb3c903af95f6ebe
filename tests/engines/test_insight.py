"""What a family's model is given can be told without answering: text, tokens and pixels, for every way to cut them."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.families.drawing import picture
from vlmkit.engines.mlx import open_engine
from vlmkit.errors import Cancelled
from vlmkit.records import Ask, one_question


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
