"""Pictures into JSON, and events out of bytes."""

import base64
import json
import random

import pytest

from vlmkit.errors import ServerFault
from vlmkit.providers.wire import PICTURE, Events, encode, is_cut_off
from vlmkit.records import Picture


def picture(data):
    return Picture(data=data, media_type="image/png", width=1, height=1, digest="x")


def test_pictures_are_put_in_in_order():
    """The body is the JSON that an encoder would have made of the finished texts."""
    pictures = [picture(bytes([number]) * 500) for number in range(3)]
    payload = {"a": [{"url": f"data:image/png;base64,{PICTURE}"} for _ in pictures], "text": 'ünï "quoted"\n\x00'}
    finished = json.loads(encode(payload, pictures))
    assert finished["text"] == payload["text"]
    assert [base64.b64decode(part["url"].partition(",")[2]) for part in finished["a"]] == [p.data for p in pictures]


def test_a_picture_too_many_is_noticed():
    """A dialect that forgot one would send an empty question."""
    with pytest.raises(ValueError, match="zip"):
        encode({"a": PICTURE}, [picture(b"x"), picture(b"y")])


def events_of(chunks):
    events = Events(1000)
    return [data for chunk in [*chunks, b""] for data in events.feed(chunk)]


STREAM = (
    'data: one\n\n: a comment\nevent: x\ndata:two\ndata:  lines ü\r\n\r\nid: 3\n\ndata: {"a":\ndata: 1}\n\ndata: end'
)


@pytest.mark.parametrize("seed", range(20))
def test_events_are_the_same_however_the_bytes_are_cut(seed):
    """In the middle of a line, of a character, of a line's end."""
    data, chance = STREAM.encode(), random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(data)), chance.randrange(1, 12)))
    chunks = [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert events_of(chunks) == ["one", "two\n lines ü", '{"a":\n1}', "end"]


def test_nothing_gives_nothing():
    """An empty body, and one of blank lines."""
    assert events_of([]) == events_of([b"\n\n", b"\r\n"]) == []


ANSWERS = [
    '{"a": "b \\u00fc c\\\\", "n": -1.5e3, "t": true, "l": [null, {"x": "}]"}]}',
    '[{"a": "{\\"b\\": 1}"}, false]',
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_was_cut_is_told_wherever_the_cut_is(answer):
    """In a string, a number, a word, an escape, between any two signs."""
    assert json.loads(answer)
    for end in range(1, len(answer)):
        with pytest.raises(json.JSONDecodeError) as caught:
            json.loads(answer[:end])
        assert is_cut_off(answer[:end], caught.value), answer[:end]


@pytest.mark.parametrize(
    "text",
    [
        "<html>",
        "null and void",
        "upstream error",
        '{"a": x}',
        "{'a': 'b'}",
        '{"a": 1}{"b": 2}',
        '{"a": 1}\n[DONE]',
        "[1,]",
        "{{ template }} of a page that goes on",
        '{"a": "line\nbreak"}',
        '{"a": "\\x"}',
        '{a: "b"}',
        "{1: 2}",
        "",
    ],
)
def test_what_is_no_json_is_not_taken_for_a_part_of_it(text):
    """To ask again would bring the same."""
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    assert not is_cut_off(text, caught.value)


def test_a_cut_within_a_character_is_a_cut():
    """Bytes end where they end."""
    data = '{"a": "ü'.encode()[:-1]
    with pytest.raises(UnicodeDecodeError) as caught:
        json.loads(data)
    assert is_cut_off(data.decode("utf-8", errors="replace"), caught.value)
    assert not is_cut_off("[" * 9, RecursionError())


def feed_all(events, piece):
    for _ in range(1001):
        events.feed(piece)


@pytest.mark.parametrize("piece", [b"x" * 60_000, b"data: x\n" * 5000])
def test_an_event_without_end_is_given_up(piece):
    """In one line or in many; the time it takes grows with its length, and no faster."""
    events = Events(10**9)
    events.feed(b"data: ")
    with pytest.raises(ServerFault, match="more than 1,048,576 bytes"):
        feed_all(events, piece)


@pytest.mark.parametrize("line", [b"\n", b": alive\n", b"data: {}\n\n"])
def test_lines_without_end_are_given_up(line):
    """Whatever is in them."""
    events = Events(1000)
    with pytest.raises(ServerFault, match="more than 1,000 lines"):
        feed_all(events, line)
