"""`vlmkit runs`, the real command: what was asked before."""

import json

import pytest

from vlmkit.frame import describe


@pytest.fixture
def described(pictures, script, store):
    """A run over three pictures, of which one could not be read, and the same again."""
    (pictures / "green.png").write_text("no picture")
    model = script("A field.\x1b[2J")
    for _ in range(2):
        assert describe(str(pictures), "What is it?", model=model, store=store)["description_error"].notna().sum() == 1


def test_runs_are_listed(described, command):
    """One line each, oldest first."""
    done = command("runs")
    assert (done.returncode, done.stderr) == (0, "")
    header, _, first, second = done.stdout.splitlines()
    assert header.split() == ["run", "started", "state", "ok", "took", "model", "prompt"]
    for number, line in enumerate((first, second), 1):
        assert line.split()[0] == str(number)
        assert all(part in line for part in ("finished", "2/3", "fake:script", "What is it?"))


def test_a_runs_rows_are_listed(described, command):
    """What each was told, or why not, and from where; nothing a terminal would obey."""
    done = command("runs", 2, COLUMNS="400")
    assert done.returncode == 0
    blue, green, red = done.stdout.splitlines()[2:]
    assert all("store" in line and r"A field.\x1b[2J" in line for line in (blue, red))
    assert "! UnreadableImage: " in green
    assert "\x1b" not in done.stdout


def test_json_has_everything(described, command, pictures):
    """For scripts: nothing is left out, what is missing is null."""
    runs = json.loads(command("runs", "--format", "json").stdout)
    assert [run["from_store"] for run in runs] == [0, 2]
    assert runs[0]["started_at"].endswith("+00:00")
    assert (runs[0]["reason"], runs[0]["sampling"]["max_tokens"]) == (None, 256)
    blue, green, _ = json.loads(command("runs", "1", "--format", "json").stdout)
    assert (blue["path"], blue["text"]) == (str(pictures / "blue.png"), "A field.\x1b[2J")
    assert (blue["prompt"], blue["width"], len(blue["picture"])) == ("What is it?", 120, 32)
    assert (green["text"], green["picture"], green["sampling"]["seed"]) == (None, None, 0)


def test_a_number_of_workers_is_a_number(command, pictures, script, store):
    """And a word where the run found out."""
    for workers in (2, "auto"):
        describe(str(pictures), "?", model=script("A field."), store=store, workers=workers)
    assert json.loads(command("runs", "--format", "json").stdout)[0]["workers"] == 2


def test_a_store_may_be_named(described, command, tmp_path):
    """And one that is not there is said."""
    done = command("runs", "--store", tmp_path / "other.sqlite")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no such file" in done.stderr


def test_nothing_yet(command):
    """Before the first run there is a header and no row."""
    done = command("runs")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)


def test_a_run_that_is_not_there(described, command):
    """Exit code 1."""
    done = command("runs", 9)
    assert (done.returncode, done.stdout) == (1, "")
    assert "it has no run 9" in done.stderr
