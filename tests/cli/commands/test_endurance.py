"""`vlmkit describe` killed at random moments, several at once, without disk: nothing lost, nothing asked twice."""

import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from vlmkit.store import open_store

SCENES = Path(__file__).resolve().parents[3] / "datasets" / "scenes"
VLMKIT = Path(sys.executable).parent / "vlmkit"
DONE = re.compile(r"\[\d+/\d+\] (?P<path>\S+): ")


@pytest.fixture
def start(tmp_path):
    """Start ``vlmkit describe`` over the first so many scenes; gives the process, whose stderr tells of each row."""
    processes = []

    def run(count, store, output, *, model="tiny"):
        command = [
            VLMKIT,
            "describe",
            SCENES,
            "--limit",
            count,
            "--model",
            model,
            "--style",
            "brief",
            "--verbose",
            "--workers",
            4,
        ]
        arguments = [*command, "--store", store, "--output", output, "--overwrite"]
        processes.append(
            subprocess.Popen(
                [*map(str, arguments)], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
            )
        )
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()


def table(path):
    """What an undisturbed run and a mended one must have in common: everything but times and where it came from."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{name: value for name, value in row.items() if name not in ("seconds", "from_store")} for row in rows]


def kill_after(process, rows, delay_s):
    """Kill once so many rows were told of, and a moment later; gives the paths of all rows it told of."""
    told = []
    while len(told) < rows:
        line = process.stderr.readline()
        assert line, "it ended before it could be killed"
        told += [match["path"] for match in [DONE.match(line)] if match]
    time.sleep(delay_s)
    process.kill()
    told += [match["path"] for line in process.stderr if line.endswith("\n") for match in [DONE.match(line)] if match]
    process.wait()
    return told


@pytest.mark.core_model
@pytest.mark.parametrize(
    ("count", "kills"), [(30, 2), pytest.param(200, 5, marks=pytest.mark.slow_test)], ids=["30 scenes", "200 scenes"]
)
def test_killed_at_random_moments(start, tmp_path, count, kills):
    """SIGKILL, start again, several times: the table of an undisturbed run, each finished row asked exactly once."""
    chance, store = random.Random(count), tmp_path / "store.sqlite"
    told = []
    for _ in range(kills):
        new_rows = chance.randrange(1, max(2, count // (kills + 1)))
        process = start(count, store, "never.jsonl")
        told += kill_after(process, len(set(told)) + new_rows, chance.uniform(0, 0.1))
    last = start(count, store, "mended.jsonl")
    _, said = last.communicate(timeout=500)
    assert last.returncode == 0, said
    undisturbed = start(count, tmp_path / "other.sqlite", "undisturbed.jsonl")
    _, said = undisturbed.communicate(timeout=500)
    assert undisturbed.returncode == 0, said

    assert table(tmp_path / "mended.jsonl") == table(tmp_path / "undisturbed.jsonl")
    with open_store(store) as opened:
        runs = opened.runs()
        rows = [row for run in runs for row in opened.rows(run["run"])]
        survived = {row["label"] for run in runs[:-1] for row in opened.rows(run["run"])}
    states = [run["state"] for run in runs]
    assert states[0] == "died"  # the later ones may be done before their time, on a fast machine
    assert (len(states), states[-1]) == (kills + 1, "finished")
    assert "finished" in states[:-1] or not (tmp_path / "never.jsonl").exists()
    asked = Counter(row["label"] for row in rows if not row["from_store"])
    assert set(asked.values()) == {1}
    assert len(asked) == count
    assert set(told) <= survived


@pytest.fixture
def model(tmp_path):
    """A scripted model that answers after a while."""
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"replies": ["A field."], "delay_s": 0.02}))
    return f"fake:{path}"


def test_two_at_once_share_a_store(start, model, tmp_path):
    """Two commands over the same pictures at the same time: both tables are whole, and a third asks nothing."""
    store = tmp_path / "store.sqlite"
    both = [start(60, store, f"{name}.jsonl", model=model) for name in ("first", "second")]
    for process in both:
        _, said = process.communicate(timeout=100)
        assert process.returncode == 0, said
    assert table(tmp_path / "first.jsonl") == table(tmp_path / "second.jsonl")
    third = start(60, store, "third.jsonl", model=model)
    _, said = third.communicate(timeout=100)
    assert "60 ok (60 from the store)" in said
    with open_store(store) as opened:
        assert [run["state"] for run in opened.runs()] == ["finished"] * 3


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 600 kB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
def describe(tmp_path, model):
    """Run ``vlmkit describe`` to its end over the scenes, two at a time, with a store."""

    def run(store, *arguments):
        command = [VLMKIT, "describe", SCENES, "--model", model, "--store", store, "--workers", 2, "-f", "jsonl"]
        return subprocess.run(
            [*map(str, (*command, *arguments))], capture_output=True, text=True, check=False, timeout=100, cwd=tmp_path
        )

    return run


def test_a_full_disk_keeps_what_was_stored(small_disk, describe):
    """The command says what to do, and prints every answer it had; with room again it goes on from those stored."""
    ballast, store = small_disk / "ballast", small_disk / "store.sqlite"
    ballast.write_bytes(bytes(250_000))
    full = describe(store)
    assert full.returncode == 1, full.stderr
    assert '"code": "StoreFault", "message": "store ' in full.stderr
    assert "no space is left on its disk. Free some and run again" in full.stderr
    printed = {row["path"]: row["description"] for row in map(json.loads, full.stdout.splitlines())}
    ballast.unlink()
    with open_store(store) as opened:
        stored = {row["label"]: row["text"] for row in opened.rows(1)}
    assert 0 < len(stored) < 200
    assert stored.items() <= printed.items()
    again = describe(store, "--limit", len(stored))
    assert again.returncode == 0, again.stderr
    rows = {row["path"]: row for row in map(json.loads, again.stdout.splitlines())}
    # Two at a time, a row may be stored before the one ahead of it.
    assert {path for path, row in rows.items() if row["from_store"]} == stored.keys() & rows.keys()
    assert all(rows[path]["description"] == text for path, text in stored.items() if path in rows)


def test_a_store_that_may_not_be_written(small_disk, describe):
    """Said before anything is asked; a replay answers from it all the same."""
    store = small_disk / "store.sqlite"
    assert describe(store, "--limit", 3).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = describe(store, "--limit", 3)
    assert (done.returncode, done.stdout) == (1, "")
    assert "may not be written. Give permission, name another file with --store …" in done.stderr
    replayed = describe(f"replay:{store}", "--limit", 3)
    assert replayed.returncode == 0, replayed.stderr
    assert "3 ok (3 from the store)" in replayed.stderr
