"""What every face does: answers the one who asked, in bytes or base64, and never raises where nobody would see it."""

import base64
import sys

import pandas as pd
import pytest

from vlmkit.views.review import review
from vlmkit.widgets.face import span_of
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
