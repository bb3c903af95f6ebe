"""Looking up: what was stored comes back, runs and rows too, and damage never becomes a wrong answer."""

import os
import random
import sqlite3
import subprocess
import sys
import warnings
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

import pytest
from store_rows import digest, make_key, make_reply, make_row, make_run

from vlmkit.errors import StoreFault
from vlmkit.records import Token, Usage
from vlmkit.store import PictureRecord, lookup, open_store
from vlmkit.store.lookup import DAMAGED

REPLIES = [
    make_reply(),
    make_reply(text="", finish_reason="length", revision=None, usage=Usage(), seconds=0.0),
    make_reply(text="Größe 🦊 \0 \ud83d \n", finish_reason="\udcff", model="mlx:/home/\udcff"),
    make_reply(
        tokens=(Token(text="A", probability=0.1, alternatives=(("\ud83d", 1e-300),)), Token(text="", probability=1))
    ),
    make_reply(tokens=()),
    make_reply(usage=Usage(prompt_tokens=0, completion_tokens=2**40)),
]


@pytest.mark.parametrize("reply", REPLIES, ids=range(len(REPLIES)))
def test_a_reply_comes_back_equal(store, reply):
    """Every field, whatever a model or a server put into it."""
    store.record(store.begin(make_run()), [make_row(reply=reply)])
    assert store.reply(make_key()) == reply


def test_nothing_is_found_under_another_key(store):
    """A miss is None."""
    store.record(store.begin(make_run()), [make_row()])
    assert store.reply(make_key(prompt="Something else?")) is None
    assert store.picture_digest("another file") is None


def test_many_are_found_together(store):
    """Each under its own name, more than one statement takes; what is not there is left out, what comes twice too."""
    store.record(store.begin(make_run(total=1200)), [make_row(index) for index in range(1200)])
    keys = [make_key(index) for index in range(1300)]
    assert store.replies([*keys, keys[0]]) == {keys[index]: make_reply(index) for index in range(1200)}
    stamps = [f"stamp {index}" for index in range(1300)]
    assert store.picture_digests(stamps) == {f"stamp {index}": digest(f"picture {index}") for index in range(1200)}
    assert store.replies([]) == store.picture_digests([]) == {}


def test_the_newest_reply_counts(store):
    """Asked again on purpose, the later answer is the one to give; the earlier stays with its row."""
    for text in ("First.", "Second."):
        store.record(store.begin(make_run()), [make_row(reply=make_reply(text=text))])
    assert store.reply(make_key()).text == "Second."
    assert [store.rows(run)[0]["text"] for run in (1, 2)] == ["First.", "Second."]


def test_a_fault_never_answers(store):
    """A row that failed is written down, and does not take the place of an answer either."""
    run = store.begin(make_run())
    store.record(run, [make_row(0, reply=None, error="TimedOut: no answer within 5 s.")])
    assert store.reply(make_key()) is None
    store.record(run, [make_row(1, key=make_key(), reply=make_reply())])
    store.record(run, [make_row(2, key=make_key(), reply=None, error="ServerFault: broken.")])
    assert store.reply(make_key()) == make_reply()


def test_an_unreadable_reply_is_kept(store):
    """It was paid for; a better reader may read it without asking again."""
    store.record(store.begin(make_run()), [make_row(error="UnreadableReply: no number.")])
    assert store.reply(make_key()) == make_reply()


def test_a_picture_is_found_by_each_of_its_identities(store):
    """By where it was, and by its bytes; a file that changed leads to its new picture."""
    run = store.begin(make_run())
    store.record(run, [make_row(0)])
    assert store.picture_digest("stamp 0") == store.picture_digest("fingerprint 0") == digest("picture 0")
    store.record(run, [make_row(1, pictures=(PictureRecord(identities=("stamp 0",), digest=digest("new")),))])
    assert store.picture_digest("stamp 0") == digest("new")
    assert store.picture_digest("fingerprint 0") == digest("picture 0")


def test_known_models_newest_first(store):
    """Under the full name and under what the user typed; each state once."""
    for revision, longest_side_px in (("r1", 64), ("r2", 64), ("r1", 64), ("r2", 128)):
        store.begin(make_run(revision=revision, longest_side_px=longest_side_px, named="tiny"))
    store.begin(make_run(model="mlx:other"))
    store.begin(make_run(longest_side_px=64, lossless=True))
    expected = [
        ("mlx:tiny", "r1", 64, True),
        ("mlx:tiny", "r2", 128, False),
        ("mlx:tiny", "r1", 64, False),
        ("mlx:tiny", "r2", 64, False),
    ]
    assert store.known("mlx:tiny") == expected
    assert store.known("tiny") == expected[1:]
    assert store.known("nobody") == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE replies SET text = 'Answer 1.' WHERE id = 1",
        "UPDATE replies SET completion_tokens = completion_tokens + 1 WHERE id = 1",
        "UPDATE replies SET text = CAST(x'ff' AS TEXT) WHERE id = 1",
        "UPDATE replies SET tokens = x'00' WHERE id = 1",
        "UPDATE models SET model = 'mlx:other' WHERE id = 1",
        "DELETE FROM models WHERE id = 1",
    ],
)
def test_an_answer_that_changed_in_the_file_is_no_answer(path, damage):
    """What a flipped bit can do on a page that still looks right: it is told of once, and costs that answer alone."""
    with open_store(path) as store:
        store.record(store.begin(make_run()), [make_row(0), make_row(1, reply=make_reply(1, model="mlx:big"))])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    with open_store(path) as store:
        with pytest.warns(UserWarning, match="does not fit its checksum"):
            found = store.replies([make_key(0), make_key(1)])
        assert found == {make_key(1): make_reply(1, model="mlx:big")}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert store.reply(make_key(0)) is None
        damaged, whole = store.rows(1)
        assert (damaged["text"], damaged["error"]) == (None, f"StoreFault: {DAMAGED}")
        assert (whole["text"], whole["error"]) == ("Answer 1.", None)
        store.record(store.begin(make_run()), [make_row(0)])
        assert store.reply(make_key(0)) == make_reply(0), "asked again, it is whole"


def test_an_answer_that_changed_places_is_no_answer(path):
    """A key that leads to another key's answer is noticed; what was told to each row stays readable."""
    with open_store(path) as store:
        store.record(store.begin(make_run()), [make_row(0), make_row(1)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE asks SET reply = 3 - reply")
    with open_store(path) as store:
        assert [row["text"] for row in store.rows(1)] == ["Answer 0.", "Answer 1."]
        with pytest.warns(UserWarning, match="does not fit its checksum"):
            assert store.replies([make_key(0), make_key(1)]) == {}


def test_a_picture_that_changed_in_the_file_is_no_picture(path):
    """The wrong digest would lead to another picture's answer."""
    with open_store(path) as store:
        store.record(store.begin(make_run()), [make_row(0), make_row(1)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE identities SET digest = (SELECT max(digest) FROM identities)")
    with open_store(path) as store, pytest.warns(UserWarning, match="does not fit its checksum"):
        found = store.picture_digests([f"stamp {index}" for index in (0, 1)])
    assert len(found) == 1
    assert found.items() <= {(f"stamp {index}", digest(f"picture {index}")) for index in (0, 1)}


@pytest.mark.filterwarnings("ignore:store .* checksum")
def test_damage_anywhere_is_never_a_wrong_answer(tmp_path):
    """Bytes changed at random in a real file: each answer is right, missing, or a fault that names the file."""
    whole = tmp_path / "whole.sqlite"
    with open_store(whole) as store:
        store.record(store.begin(make_run()), [make_row(index) for index in range(60)])
    content, path = whole.read_bytes(), tmp_path / "damaged.sqlite"
    keys, chance = [make_key(index) for index in range(60)], random.Random(7)
    seen = {"right": 0, "missing": 0, "fault": 0}
    for _ in range(150):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 10, 300))):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        path.write_bytes(changed)
        for fate in answers(path, keys):
            seen[fate] += 1
    assert min(seen.values()) > 0, seen


def answers(path, keys):
    """What becomes of each lookup; a wrong answer, or another error than a fault naming the file, fails here."""
    with ExitStack() as stack:
        store = attempted(path, lambda: stack.enter_context(open_store(path)))
        for index, key in enumerate(keys):
            reply = store and attempted(path, lambda key=key: store.reply(key) or "missing")
            found = store and attempted(path, lambda index=index: store.picture_digest(f"stamp {index}"))
            assert reply in (None, "missing", make_reply(index))
            assert found in (None, digest(f"picture {index}"))
            yield {None: "fault", "missing": "missing"}.get(reply, "right")


def attempted(path, work):
    """What the work gives; None where it is a fault."""
    try:
        return work()
    except StoreFault as fault:
        if str(path) not in str(fault):
            raise


FAILED = {"reply": None, "error": "TimedOut: no answer within 5 s."}
CANCELLED = {"reply": None, "key": None, "pictures": (), "error": "Cancelled: stopped before its turn."}


def test_a_run_that_ended_has_its_counts(store):
    """Total is the sum of ok, failed and cancelled; rows that had no turn are cancelled, too."""
    run = store.begin(make_run(total=6))
    ended = [make_row(0), make_row(1, from_store=True), make_row(2, **FAILED), make_row(3, **CANCELLED)]
    store.record(run, [*ended, make_row(4, key=make_key(0), reply=make_reply(0), is_duplicate=True)])
    store.end(run, seconds=1.5, stopped_early=True)
    (found,) = store.runs()
    counts = {name: found[name] for name in ("total", "ok", "failed", "cancelled", "from_store", "duplicates")}
    assert counts == {"total": 6, "ok": 3, "failed": 1, "cancelled": 2, "from_store": 1, "duplicates": 1}
    assert (found["run"], found["seconds"], found["state"]) == (run, 1.5, "stopped")
    assert abs(datetime.now(UTC) - found["started_at"]) < timedelta(minutes=5)


def test_states(path):
    """Finished, stopped early, still running; and died, where nobody came to say how it ended."""
    code = (
        "import os, sys; from vlmkit.store import RunRecord, open_store; store = open_store(sys.argv[1])\n"
        "store.begin(RunRecord(model='m', total=3)); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False, timeout=60)
    with open_store(path) as store:
        for stopped_early in (False, True):
            store.end(store.begin(make_run(total=0)), seconds=1.0, stopped_early=stopped_early)
        store.begin(make_run())
        assert [run["state"] for run in store.runs()] == ["died", "finished", "stopped", "running"]
        assert store.runs()[0]["seconds"] is None


def test_a_run_that_died_still_has_its_counts(store):
    """They are counted from its rows."""
    equal = make_row(2, key=make_key(0), reply=make_reply(0), is_duplicate=True)
    store.record(store.begin(make_run(total=5)), [make_row(0), make_row(1, **FAILED), equal])
    (found,) = store.runs()
    assert (found["from_store"], found["duplicates"]) == (0, 1)
    assert (found["ok"], found["failed"], found["cancelled"]) == (2, 1, 2)


def test_a_run_of_another_computer_is_not_believed_to_live(store, monkeypatch):
    """Process numbers mean something on one machine only."""
    store.begin(make_run())
    monkeypatch.setattr(lookup.platform, "node", lambda: "elsewhere")
    assert store.runs()[0]["state"] == "died"


def test_a_process_that_may_not_be_asked_is_alive():
    """The first process belongs to somebody else, and lives."""
    if os.name == "nt":
        pytest.skip("other processes are not asked there")
    assert lookup._is_alive(lookup.platform.node(), 1)


def test_a_row_can_be_traced_to_what_was_sent(store):
    """Key, prompt, pictures as sent, answer and its cost."""
    store.record(store.begin(make_run()), [make_row(0)])
    assert store.rows(1) == [
        {
            "index": 0,
            "label": "pictures/0.jpg",
            "key": make_key(0),
            "prompt": "What is this?",
            "pictures": [{"digest": digest("picture 0"), "media_type": "image/jpeg", "width": 64, "height": 48}],
            "text": "Answer 0.",
            "finish_reason": "stop",
            "model": "mlx:tiny",
            "revision": "r1",
            "prompt_tokens": 80,
            "completion_tokens": 9,
            "answer_seconds": 0.25,
            "error": None,
            "seconds": 0.5,
            "from_store": False,
            "is_duplicate": False,
        }
    ]


def test_a_row_that_was_never_sent_has_its_prompt_and_error(store):
    """An unreadable picture: no key, no pictures, no answer."""
    error = "UnreadableImage: pictures/\udcff.jpg: not a picture."
    row = make_row(0, key=None, pictures=(), reply=None, error=error, label="pictures/\udcff.jpg")
    store.record(store.begin(make_run()), [row])
    (found,) = store.rows(1)
    assert (found["label"], found["error"], found["prompt"]) == (row.label, error, "What is this?")
    assert (found["key"], found["pictures"], found["text"], found["model"]) == (None, [], None, None)


def test_an_unreadable_answer_is_shown_with_its_error(store):
    """Both what was said and why it could not be read."""
    store.record(store.begin(make_run()), [make_row(0, error="UnreadableReply: no number in it.")])
    (found,) = store.rows(1)
    assert (found["text"], found["error"]) == (make_reply(0).text, "UnreadableReply: no number in it.")


def test_rows_come_in_input_order(store):
    """However they ended."""
    run = store.begin(make_run())
    store.record(run, [make_row(2), make_row(0)])
    store.record(run, [make_row(1)])
    assert [row["index"] for row in store.rows(run)] == [0, 1, 2]


def test_a_run_that_is_not_there(store):
    """Said, with where to look."""
    with pytest.raises(StoreFault, match=r"it has no run 7. vk.runs\(\) lists those it has"):
        store.rows(7)
