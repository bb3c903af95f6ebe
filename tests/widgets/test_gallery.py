"""The gallery's messages: only what is asked for travels, everything is checked, words go to the review."""

import logging

import pandas as pd
import pytest

from vlmkit.views.reviewing import review
from vlmkit.widgets.gallery import Gallery


@pytest.fixture
def looked(paths):
    """A review of four fields, in memory."""
    frame = pd.DataFrame(
        {
            "path": paths(12),
            "caption": pd.Series([f"caption {n}" for n in range(11)] + [None], dtype=object),
            "n": range(12),
            "ok": [True, False] * 6,
            "mood": pd.Categorical(["calm", "wild", "sad\u202e"] * 4),
            "caption_error": [None] * 11 + ["Refused: <b>no</b>"],
        }
    )
    return review(frame, "caption", "n", "ok", "mood", store=False)


@pytest.fixture
def front(looked, listen):
    """Its gallery, opened."""
    return listen(Gallery(looked))


def test_what_is_said_at_the_beginning_does_not_grow_with_the_table(front):
    """Fields, choices and counts; neither captions nor pictures."""
    state = front.face.get_state()
    assert state["rows"] == 12
    assert [field["name"] for field in state["fields"]] == ["caption", "n", "ok", "mood"]
    assert state["fields"][2]["choices"] == [["True", "True"], ["False", "False"]]
    assert state["fields"][3]["choices"][1] == ["sad\u202e", "sad⟨U+202E⟩"]
    assert "caption 3" not in str(state)


def test_a_page_has_the_cards_that_were_asked_for(front):
    """In the order of the filter; text that hides something is shown, and sent as it is for editing."""
    front.say("view", text="", order="uncertainty")
    told, _ = front.hear("view")
    assert told["count"] == 12
    front.say("page", first=0, last=2)
    page, _ = front.hear("page")
    assert page["generation"] == told["generation"]
    first, second = page["cards"]
    assert (first["row"], first["error"]) == (11, "Refused: <b>no</b>")
    assert first["fields"][0] == {"status": "auto", "shown": ""}
    assert first["fields"][3] == {"status": "auto", "shown": "sad⟨U+202E⟩", "text": "sad\u202e"}
    assert (second["row"], second["place"]) == (0, 1)
    assert "error" not in second


def test_a_suggestion_comes_with_what_it_would_replace(listen, paths):
    """Whoever decides compares; of other answers nothing more travels than before."""
    frame = pd.DataFrame(
        {
            "path": paths(2),
            "caption": ["a kitten", "a dog"],
            "caption_original": ["a cat\u202e", "a dog"],
            "caption_status": ["suggested", "auto"],
        }
    )
    front = listen(Gallery(review(frame, "caption", store=False)))
    front.say("view", text="")
    front.say("page", first=0, last=2)
    page, _ = front.hear("page")
    first, second = (card["fields"][0] for card in page["cards"])
    assert first == {"status": "suggested", "shown": "a kitten", "before": "a cat⟨U+202E⟩"}
    assert second == {"status": "auto", "shown": "a dog"}


def test_thumbnails_travel_when_they_are_asked_for(front):
    """As bytes, each with its row; only those."""
    front.say("thumbnails", rows=[3, 4, 99, -1])
    sent = front.hear("thumbnail", count=2)
    assert {content["row"] for content, _ in sent} == {3, 4}
    for content, (data,) in sent:
        assert content["type"] == "image/png"
        assert data.startswith(b"\x89PNG")
    assert front.is_silent()


def test_words_reach_the_review(front, looked):
    """Single fields by place, all of them at once, edits as people write them, undo."""
    front.say("say", action="accept", row=0, field=0)
    front.say("say", action="reject", row=1, field=None)
    front.say("say", action="edit", row=2, field=1, value="70")
    front.say("say", action="edit", row=2, field=2, value="false")
    front.say("say", action="flag", row=3, field=3)
    front.say("undo")
    assert looked.status(0, "caption") == "accepted"
    assert [looked.status(1, field) for field in looked.fields] == ["rejected"] * 4
    assert looked.value(2, "n") == 70
    assert looked.value(2, "ok") is False
    assert looked.status(3, "mood") == "auto"
    *_, (last, _) = front.hear("changed", count=6)
    assert last["told"] == {"auto": 41, "suggested": 0, "accepted": 1, "edited": 2, "rejected": 4, "flagged": 0}
    assert (last["by"], last["row"]) == ("c", 3)
    assert last["message"].startswith("undo · ")
    assert front.face.get_state()["told"] == last["told"]


def test_a_refused_edit_is_answered(front, looked):
    """With the reason, to the one who asked."""
    front.say("say", action="edit", row=0, field=1, value="many\u202e")
    told, _ = front.hear("problem")
    assert told["client"] == "c"
    assert told["text"].startswith("'n' takes a whole number, such as 3; 'many")
    assert looked.status(0, "n") == "auto"


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": "nonsense"},
        {"kind": "page", "first": 0, "last": 5, "client": "stranger"},
        {"kind": "page", "first": "x", "last": 5},
        {"kind": "view", "tag": 999},
        {"kind": "view", "text": "", "client": None, "order": ["table"]},
        {"kind": "say", "action": "delete", "row": 0},
        {"kind": "say", "action": "accept", "row": 0, "field": 17},
        {"kind": "say", "action": "accept"},
        {"kind": "thumbnails", "rows": 3},
        {"kind": "enlarge", "row": 99},
        "text",
        None,
    ],
)
def test_a_wrong_message_does_nothing(front, looked, message, caplog):
    """It is left out with a line in the log; the next one is served."""
    front.say("view", text="")
    front.hear("view")
    with caplog.at_level(logging.WARNING, "vlmkit.widgets"):
        content = message if not isinstance(message, dict) else {"client": "c", **message}
        front.face._handle_custom_msg(content, [])
    assert "was left out" in caplog.text or front.hear("problem")
    assert looked.counts()["auto"] == 48
    front.say("page", first=0, last=1)
    assert front.hear("page")[0]["cards"][0]["row"] == 0


def test_a_huge_page_is_cut(front):
    """A message cannot ask for everything at once."""
    front.say("view", text="caption 1")
    assert front.hear("view")[0]["count"] == 2
    front.say("page", first=-5, last=10**9)
    assert [card["row"] for card in front.hear("page")[0]["cards"]] == [1, 10]


def test_a_larger_picture_is_sent_on_request(front):
    """Bytes and name; of a file that is gone, the reason."""
    front.say("enlarge", row=5)
    told, (data,) = front.hear("picture")
    assert told["label"].endswith("img5.png")
    assert data.startswith(b"\x89PNG")


def test_where_no_kernel_lives_the_first_rows_are_shown(front):
    """In the same bundle, as text and HTML; nothing in it changes from run to run."""
    data, _ = front.face._repr_mimebundle_()
    assert data["text/plain"] == "Review(caption, n, ok, mood: 12 rows; 48 auto)"
    assert data["text/html"].count("<img ") == 12
    assert data["text/html"] == front.face._repr_mimebundle_()[0]["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_the_review_shows_its_gallery(looked, notebook):
    """The plain object is its own display: the same widget each time."""
    first, _ = looked._repr_mimebundle_()
    again, _ = looked._repr_mimebundle_()
    view = "application/vnd.jupyter.widget-view+json"
    assert first[view]["model_id"] == again[view]["model_id"]
    looked.accept(0, "caption")
    assert "1 accepted" in looked._repr_mimebundle_()[0]["text/plain"]
