"""What every face does: answers the one who asked, in bytes or base64, and never raises where nobody would see it."""

import base64
import re
import sys

import pandas as pd
import pytest

from vlmkit.views.markup import picture_element
from vlmkit.views.reviewing import review
from vlmkit.widgets.face import Words, script, span_of, style
from vlmkit.widgets.gallery import Gallery


@pytest.fixture
def front(paths, listen):
    """A gallery of three pictures, of which one is gone."""
    frame = pd.DataFrame({"path": [*paths(2), "gone\u202e.png"], "caption": ["a", "b", "c"]})
    return listen(Gallery(review(frame, "caption", store=False)))


def test_a_picture_that_is_gone_says_so(front):
    """As a thumbnail and large, without hidden characters."""
    front.say("thumbnails", rows=[2])
    told, buffers = front.hear("thumbnail")
    assert told["fault"].startswith("ImageNotFound: gone\\u202e.png")
    assert buffers == []
    front.say("enlarge", row=2)
    assert front.hear("problem")[0]["text"].startswith("ImageNotFound: gone\\u202e.png")


def test_where_buffers_do_not_arrive_bytes_travel_as_text(front, monkeypatch):
    """Colab drops them."""
    front.say("thumbnails", rows=[0])
    _, (data,) = front.hear("thumbnail")
    monkeypatch.setitem(sys.modules, "google.colab", object())
    front.say("thumbnails", rows=[0])
    told, buffers = front.hear("thumbnail")
    assert buffers == []
    assert base64.b64decode(told["base64"]) == data


def test_answers_name_who_asked(front):
    """A widget that is shown twice has two filters."""
    for client, text in (("one", "img0"), ("two", "")):
        front.say("view", client=client, text=text)
    counts = {content["client"]: content["count"] for content, _ in front.hear("view", count=2)}
    assert counts == {"one": 1, "two": 3}
    front.say("page", client="one", first=0, last=9)
    assert [card["label"][-8:] for card in front.hear("page")[0]["cards"]] == ["img0.png"]


@pytest.mark.parametrize(
    ("first", "last", "places"), [(0, 3, [0, 1, 2]), (-4, 2, [0, 1]), (8, 99, [8, 9]), (5, 2, []), (99, 100, [])]
)
def test_a_span_stays_within_what_there_is(first, last, places):
    """Whatever was asked for."""
    assert list(span_of({"first": first, "last": last}, 10)) == places


FACES = {name: script("common", name) for name in ("gallery", "comparison")}


@pytest.mark.parametrize("name", FACES)
def test_a_face_is_one_module_with_one_export(name):
    """Nothing is imported, from the network or elsewhere."""
    text = FACES[name]
    assert len(re.findall(r"^export default", text, re.MULTILINE)) == 1
    assert not re.search(r"^\s*import\s|\bimport\(|https?://|\bfetch\(|XMLHttpRequest|WebSocket|localStorage", text)
    assert "http" not in style()
    assert "@import" not in style()


@pytest.mark.parametrize("name", FACES)
def test_text_never_becomes_markup(name):
    """None of the ways in which a string is parsed as HTML or run as code is used."""
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|DOMParser"
    assert not re.search(ways, FACES[name])
    assert not re.search(r"\.setAttribute\(\s*[\"']on", FACES[name])


EVIL = "<img src=x onerror=1><script>1</script>\n$x$ \u202egnp.exe"


def test_markup_is_text():
    """Escaped, with what is hidden made visible, in lines as they came."""
    said = Words()
    said.say(EVIL)
    assert said.text == EVIL
    assert "&lt;img src=x onerror=1&gt;&lt;script&gt;" in said.value
    assert "<img" not in said.value
    assert "⟨U+202E⟩" in said.value
    assert "\n$x$" in said.value


def test_nothing_takes_no_room():
    """Until there is something to say, and again after."""
    said = Words()
    assert (said.value, said.layout.display) == ("", "none")
    said.say("a")
    assert said.layout.display == ""
    said.say("")
    assert (said.value, said.layout.display) == ("", "none")


def test_a_picture_stands_before_its_text():
    """Only one that was made here."""
    said = Words()
    said.say("a star", picture_element(b"x", "image/png", label="<star>", width=3, height=4))
    assert said.value.index("<img src=") < said.value.index("a star")
    assert 'alt="&lt;star&gt;"' in said.value


def test_a_status_is_read_aloud():
    """To whoever cannot see it, where it is the answer to a button; captions that rush by are not."""
    said = {is_status: Words(is_status=is_status) for is_status in (True, False)}
    for words in said.values():
        words.say("x")
    assert 'role="status"' in said[True].value
    assert 'role="status"' not in said[False].value
