"""What conversations about pictures share."""

import json

import pytest

from vlmkit.errors import BadSetting
from vlmkit.exporters import read_dataset, to_llava
from vlmkit.exporters.conversations import check_prompt, read_turns, without_token


def test_no_text_stands_for_a_picture():
    """Trainers count these signs."""
    assert without_token("an <image> of <image>") == "an (image) of (image)"
    assert check_prompt("What is it?") == "What is it?"
    for wrong in ("", " \n", "<image> What?"):
        with pytest.raises(BadSetting, match="plain text"):
            check_prompt(wrong)


def test_signs_of_films_and_sounds_are_no_text_either():
    """LLaMA-Factory counts them as it does those of pictures."""
    assert without_token("<video> and <audio>, not <b>") == "(video) and (audio), not <b>"
    with pytest.raises(BadSetting, match="plain text"):
        check_prompt("What is in <video>?")


TURNS = {
    "llava": {
        "image": "a.jpg",
        "conversations": [{"from": "human", "value": "<image>\nq"}, {"from": "gpt", "value": "x"}],
    },
    "system": {
        "images": ["a.jpg"],
        "conversations": [
            {"from": "system", "value": "s"}, {"from": "user", "value": "q"}, {"from": "assistant", "value": "x"},
        ],
    },
    "text": {
        "images": [{"path": "a.jpg", "bytes": None}],
        "messages": [{"role": "user", "content": "<image>q"}, {"role": "assistant", "content": "x"}],
    },
    "parts": {
        "messages": [
            {"role": "user", "content": [{"type": "image", "image": "file://a.jpg"}, {"type": "text", "text": "q"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "x"}]},
        ],
    },
    "url": {
        "messages": [
            {"role": "user", "content": [{"image_url": {"url": "a.jpg"}}, {"type": "text", "text": "q"}]},
            {"role": "assistant", "content": "x"},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("record", TURNS.values(), ids=TURNS.keys())
@pytest.mark.parametrize("name", ["set.json", "set.jsonl"])
def test_any_form_becomes_the_same_row(photos, record, name):
    """Whoever wrote it, in a list or lines, and whatever the ending says."""
    for content in ([record], record):
        (photos / name).write_text(json.dumps(content), encoding="utf-8")
        table = read_dataset(photos / name, column="answer")
        assert table.to_dict("records") == [{"path": str(photos / "a.jpg"), "prompt": "q", "answer": "x"}]


def test_pictures_may_be_none_or_many(photos):
    """Without a picture there is a row, too; of several the first is the row's, and all are beside it."""
    turns = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "x"}]
    records = [{"conversations": turns}, {"image": ["a.jpg", "sub/b.png"], "conversations": turns}]
    (photos / "set.json").write_text(json.dumps(records), encoding="utf-8")
    table = read_turns(photos / "set.json", None, "caption")
    assert table["path"].isna().tolist() == [True, False]
    silent = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": None}]}
    (photos / "silent.json").write_text(json.dumps(silent), encoding="utf-8")
    assert read_dataset(photos / "silent.json")["caption"].isna().tolist() == [True]
    assert table["images"][1] == [str(photos / "a.jpg"), str(photos / "sub" / "b.png")]


def test_what_is_left_out_is_told_at_once(photos):
    """Broken lines, nobody who answers, names that lead out, answers after the first: one warning, the rest is read."""
    good = TURNS["llava"]
    longer = {**good, "conversations": good["conversations"] * 2}
    outside = {**good, "image": "../../secret.jpg"}
    lines = [json.dumps(each) for each in (good, longer, outside, {"conversations": []}, 7)]
    (photos / "set.jsonl").write_text("\n".join([*lines[:2], '{"half', *lines[2:], ""]), encoding="utf-8")
    with pytest.warns(UserWarning, match="4 of 6 records are left out") as told:
        table = read_dataset(photos / "set.jsonl")
    assert len(table) == 2
    (message,) = [str(each.message) for each in told]
    assert "4 of 6 records are left out: line 3 (not JSON" in message
    assert "line 4" in message
    assert "and 1 more" in message
    assert "1 conversation, have more answers, of which the first was read: line 2" in message


def test_turns_alternate_with_one_sign_for_the_picture(captions, photos):
    """As LLaVA's documentation of custom data shows them."""
    captions.loc[0, "caption"] = "an <image> tag"
    to_llava(captions, photos / "set.json", prompt="What is it?")
    content = json.loads((photos / "set.json").read_text(encoding="utf-8"))
    assert content[0] == {
        "id": "a.jpg",
        "image": "a.jpg",
        "conversations": [
            {"from": "human", "value": "<image>\nWhat is it?"},
            {"from": "gpt", "value": "an (image) tag"},
        ],
    }
    back = read_dataset(photos / "set.json", column="answer")
    assert back["prompt"].tolist() == ["What is it?"] * 5
    assert back["answer"].tolist()[1:] == captions["caption"].tolist()[1:]
