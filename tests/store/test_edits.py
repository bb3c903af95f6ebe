"""What people said stays said: every word, in order, through a killed process and from older files."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

from store_rows import make_key, make_reply, make_row, make_run

from vlmkit.store import Judgment, open_store

PICTURE = "0f" * 16


def make_judgment(**changes):
    said = {"kind": "review", "subject": "caption", "picture": PICTURE, "place": "/a.png"}
    return Judgment(**{**said, "original": '"a cat"', "verdict": "edited", "value": '"a dog"', **changes})


def test_judgments_come_back_in_order_and_by_subject(store):
    """Nothing is overwritten, and what is about another column or of another kind is apart."""
    said = [make_judgment(), make_judgment(verdict="accepted", value=None), make_judgment(picture=None, place=None)]
    store.judge([*said, make_judgment(subject="mood"), make_judgment(kind="vote")])
    assert store.judgments("review", "caption") == said
    assert store.judgments("review", "mood") == [make_judgment(subject="mood")]
    assert store.judgments("review", "color") == []


def test_texts_that_are_no_utf8_come_back(store):
    """File names of other systems and half characters of a model do no harm."""
    odd = make_judgment(place="/caf\udce9.png", value='"\ud83d"', subject="a\udcffb")
    store.judge([odd])
    assert store.judgments("review", odd.subject) == [odd]


def test_a_file_of_the_first_version_gets_the_table(path):
    """Answers of an older vlmkit stay, and can be judged."""
    with open_store(path) as store:
        store.record(store.begin(make_run()), [make_row()])
    with closing(sqlite3.connect(path)) as old, old:
        for table in ("judgments", "claims", "leases"):
            old.execute(f"DROP TABLE {table}")
        old.execute("PRAGMA user_version = 1")
    with open_store(path) as store:
        assert store.reply(make_key()) == make_reply()
        store.judge([make_judgment()])
        assert store.judgments("review", "caption") == [make_judgment()]


def test_what_was_said_survives_a_killed_process(path):
    """It is on the disk when `judge` returns."""
    code = (
        "import sys, time\n"
        "from vlmkit.store import Judgment, open_store\n"
        "store = open_store(sys.argv[1])\n"
        "for turn in range(3):\n"
        "    store.judge([Judgment(kind='review', subject='caption', picture=None, place='/a', original='1',\n"
        "                          verdict='edited', value=str(turn))])\n"
        "print('said', flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "said\n"
        os.kill(process.pid, signal.SIGKILL)
    with open_store(path) as store:
        assert [said.value for said in store.judgments("review", "caption")] == ["0", "1", "2"]
