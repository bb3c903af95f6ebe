"""The glass box: what a model was given and how sure it was, and none of it as markup."""

import re

import pandas as pd
import pytest
from PIL import Image

from vlmkit import views as vk
from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import BadSetting, ServerFault, SetupError, UnreadableImage
from vlmkit.records import Token
from vlmkit.tiny import scenes
from vlmkit.views.explanation import Explanation

pytestmark = pytest.mark.core_model


@pytest.fixture(scope="module")
def explained():
    """One scene, asked for a count."""
    return vk.explain(scenes.make(3).draw(), "How many stars are there?", model="tiny", system="Be brief.")


def test_everything_on_the_way_is_there(explained):
    """Messages, finished prompt, patches, tokens and the answer, as the model's files say."""
    assert explained.text == str(sum(thing.shape == "star" for thing in scenes.make(3).things))
    assert [message["role"] for message in explained.messages] == ["system", "user"]
    assert explained.messages[1]["content"][0] == {"type": "image", "width": 158, "height": 210}
    assert "Be brief." in explained.prompt
    assert explained.prompt.index("How many stars are there?") < explained.prompt.index("<|assistant|>")
    assert (explained.image_tokens, explained.patch_px) == (9, 16)
    assert explained.prompt_tokens > explained.image_tokens
    assert "".join(token.text for token in explained.tokens) == explained.text
    assert repr(explained) == "Explanation('1' by mlx:tiny, 1 tokens)"


def test_the_picture_is_what_the_model_gets(explained):
    """Square and coarse, its colors those of the scene, its patches marked."""
    assert explained.picture.size == (432, 432)
    corner = explained.picture.getpixel((20, 20))
    assert max(corner) < 30  # the scene's ground is black
    assert explained.picture.getpixel((48, 20)) == (255, 255, 255)  # 16 pixels, three times as large


def test_the_frame_has_each_token_with_its_runners_up(explained):
    """Greedy: the token is likelier than any other, and the others come in order."""
    frame = explained.frame
    assert frame.columns.tolist()[:4] == ["token", "probability", "runner_up_1", "probability_1"]
    assert len(frame) == len(explained.tokens)
    chances = frame[["probability", "probability_1", "probability_2", "probability_3"]]
    assert chances.diff(axis=1).iloc[:, 1:].le(0).all(axis=None)
    assert frame["token"].dtype == "string"


def test_a_series_of_alternatives_may_be_short(photos):
    """A server can leave some out; nothing is made up for it."""
    tokens = (Token(text="a", probability=0.5, alternatives=(("", 0.3),)), Token(text="b", probability=1.0))
    made = Explanation(model="m", messages=[], text="ab", tokens=tokens, finish_reason="stop", picture=None)
    assert made.frame["runner_up_1"].tolist() == ["⟨end⟩", pd.NA]
    assert made.frame["probability_1"].isna().tolist() == [False, True]
    empty = Explanation(model="m", messages=[], text="ab", finish_reason="stop", picture=None).frame
    assert empty.columns.tolist() == ["token", "probability"]


def test_chances_are_shown_without_false_certainty():
    """Nothing is 0 or 100 percent; bars are logarithmic; the doubted token has the darker ground."""
    sure = Token(text="a", probability=0.99999, alternatives=(("b", 0.00001), ("c", 1e-12)))
    doubted = Token(text="d", probability=0.5, alternatives=(("e f", 0.05), ("", 0.01)))
    picture = Image.new("RGB", (8, 8))
    made = Explanation(model="m", messages=[], text="ad", tokens=(sure, doubted), finish_reason="stop", picture=picture)
    page = made._repr_html_()
    cells = re.findall(r"<td>([^<]*)<div style=\"height:3px;width:(\d+)%", page)
    assert cells == [
        ("&gt;99.9 %", "100"), ("&lt;0.1 %", "0"), ("&lt;0.1 %", "0"),
        ("50.0 %", "92"), ("5.0 %", "67"), ("1.0 %", "50"),
    ]  # fmt: skip
    grounds = re.findall(r"90% 50% / (\S+)\)\">(\w)</span>", page)
    assert grounds == [("0.00", "a"), ("0.12", "d")]
    assert 'title="50.0 % · e␣f 5.0 % · ⟨end⟩ 1.0 %"' in page


EVIL = "<script>window.ran = 1</script><img src=x onerror=ran=1> \u202egnp.exe"


def test_nothing_in_it_is_markup():
    """Prompt, template, answer, tokens, runners-up and the model's name."""
    tokens = (Token(text=EVIL, probability=0.5, alternatives=((EVIL, 0.3),)),)
    said = [{"role": EVIL, "content": EVIL}, {"role": "user", "content": [{"type": "text", "text": EVIL}]}]
    picture = Image.new("RGB", (8, 8))
    made = Explanation(
        model=EVIL, messages=said, prompt=EVIL, text=EVIL, tokens=tokens, finish_reason=EVIL, picture=picture
    )
    page = made._repr_html_()
    assert "<script" not in page
    assert re.findall(r"<img src=(\S{11})", page) == ['"data:image']
    assert "\u202e" not in page
    assert page.count("&lt;script") >= 7


def test_a_model_that_tells_less_shows_less(backend):
    """No template, no patches, no probabilities; the picture is the one that was sent."""
    made = vk.explain(Image.new("RGB", (640, 400), "teal"), "What?", model=backend("A wall."))
    assert (made.text, made.prompt, made.image_tokens, made.tokens) == ("A wall.", None, None, ())
    assert made.picture.size == (640, 400)
    assert "does not tell probabilities" in made._repr_html_()
    assert "A wall." in made._repr_html_()


def test_wrong_calls_and_faults_raise(tmp_path, backend):
    """The question is one: there is no row to put a fault into."""
    image = Image.new("RGB", (8, 8))
    with pytest.raises(BadSetting, match="alternatives=11: give a whole number from 0 to 10"):
        vk.explain(image, "What?", model=backend(), alternatives=11)
    with pytest.raises(BadSetting, match="'store' is an unknown option"):
        vk.explain(image, "What?", model=backend(), store=False)
    with pytest.raises(SetupError):
        vk.explain(image, "What?")
    with pytest.raises(UnreadableImage):
        vk.explain(b"no picture", "What?", model=backend())
    with pytest.raises(ServerFault, match="broke"):
        vk.explain(image, "What?", model=FakeBackend(replies=ServerFault("broke"), abilities=Abilities()))
