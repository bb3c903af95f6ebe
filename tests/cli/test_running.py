"""The commands that are rows of the table of verbs, run as a person runs them."""

import csv
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vlmkit.cli.entry import run
from vlmkit.cli.verbs import VERBS
from vlmkit.exporters import read_dataset

ROOT = Path(__file__).resolve().parents[2]
VLMKIT = Path(sys.executable).parent / "vlmkit"
FAULT = {"fault": "Refused", "message": "not this one"}

# What each verb is given, and what the model answers.
CALLS = {
    "caption": ("A field.", "{pictures}"),
    "ask": ("3", "{pictures}", "--question", "How many?", "--dtype", "int"),
    "tags": ("red", "{pictures}", "--vocabulary", "red,green"),
    "score": ("4", "{pictures}", "--criterion", "How sharp is it?"),
    "estimate": ("A field.", "{pictures}", "--rows", "2"),
    "images": (None, "{pictures}"),
    "duplicates": (None, "{pictures}", "--similarity", "0.9"),
    "read": (None, "{table}"),
    "lint": (None, "{table}", "--column", "caption", "--rules", "empty,refusal"),
    "evaluate": (None, "{table}", "--truth", "caption=right", "--text-measures", "exact"),
    "compare": ("A field.", "{pictures}", "--prompts", "brief", "--prompts", "What is it, and where?"),
    "check": ("A field.",),
}


@pytest.fixture
def table(pictures, tmp_path):
    """Captions and what is right of three pictures, as JSON Lines."""
    file = tmp_path / "captions.jsonl"
    rows = [{"path": str(path), "caption": "A field.", "right": "a field"} for path in sorted(pictures.iterdir())]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_a_command(pictures, table, script, capfd, name):
    """Its result is a JSON list of records, or one record, and nothing else goes to stdout."""
    reply, *line = CALLS[name]
    model = [] if reply is None else ["--models" if name == "compare" else "--model", script(reply)]
    arguments = [part.format(pictures=pictures, table=table) for part in line]
    assert run([name, *arguments, *model, "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["rows"] == 3 if name == "estimate" else isinstance(found, list)


def test_answers_are_columns(command, pictures, script):
    """Typed, behind the facts of the pictures; the summary is on stderr."""
    done = command("ask", pictures, "--question", "How many?", "--dtype", "int", "-m", script("3"), "-f", "json")
    rows = json.loads(done.stdout)
    assert [row["answer"] for row in rows] == [3, 3, 3]
    assert [Path(row["path"]).name for row in rows] == ["blue.png", "green.png", "red.png"]
    assert (rows[0]["width"], rows[0]["answer_error"]) == (120, None)
    assert done.stderr.startswith("3 rows: 3 ok; ")


def test_people_see_the_pictures_and_what_is_new(command, pictures, script):
    """A row that failed begins with an exclamation mark, and the command ends with 1."""
    done = command("caption", pictures, "-m", script("A field.", FAULT), "-w", "1", "--limit", "2")
    header, _, *rows = done.stdout.splitlines()
    assert header.split() == ["path", "caption"]
    assert "A field." in rows[0]
    assert "! Refused: not this one" in " ".join(rows[1:])
    assert done.returncode == 1
    assert done.stderr.startswith("2 rows: 1 ok, 1 failed; ")


def test_commands_are_joined_by_pipes(pictures, script, tmp_path):
    """What one wrote, the next one reads: the answers of both are in one table."""
    model = script("red")
    line = f"{VLMKIT} caption {pictures} -m {model} -f {{form}} -q | {VLMKIT} tags - --from {{form}} -m {model} "
    line += "--vocabulary red,green -f jsonl -q"
    done = subprocess.run(
        line.format(form="jsonl"), shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["caption"], row["tags"]) for row in rows] == [("red", ["red"])] * 3
    assert done.stderr == ""


def test_parquet_goes_through_a_pipe_and_into_a_file(command, pictures, script, tmp_path):
    """As bytes; the ending of a file names the format."""
    assert command("caption", pictures, "-m", script("A field."), "-o", "out.parquet").returncode == 0
    back = read_dataset(tmp_path / "out.parquet")
    assert back["caption"].tolist() == ["A field."] * 3
    done = subprocess.run(
        f"{VLMKIT} read out.parquet -f parquet | {VLMKIT} lint - --from parquet -c caption --rules empty -f csv",
        shell=True, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[0].split(",")[:3]) == (0, ['"row"', '"column"', '"rule"'])


def test_parquet_is_not_for_a_terminal(pictures, monkeypatch, capsys):
    """It says what to do, before a model is opened."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["caption", str(pictures), "-m", "./no-such-model", "-f", "parquet"]) == 2
    assert "Write it to a file with --output" in capsys.readouterr().err


def test_csv_has_no_formula(command, pictures, script):
    """As the exporters write it."""
    done = command("caption", pictures, "-m", script("=1+1"), "-f", "csv")
    assert {row["caption"] for row in csv.DictReader(io.StringIO(done.stdout))} == {"'=1+1"}


def test_findings_end_with_1(command, table):
    """So that a script can ask whether captions are clean."""
    done = command("lint", table, "-c", "caption", "--trainer", "2", "--rules", "too_long", "-f", "jsonl")
    assert done.returncode == 1
    assert {json.loads(line)["rule"] for line in done.stdout.splitlines()} == {"too_long"}


@pytest.fixture
def interruptible():
    """A script that runs the tests in its background has switched interrupts off, for what they start, too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_keeps_what_is_done(pictures, script, store, tmp_path):
    """The rows so far are written, and the command ends with 130."""
    model = script("Quick.")
    Path(model.removeprefix("fake:")).write_text(json.dumps({"replies": ["Quick.", "Slow."], "delay_s": [0, 60]}))
    with subprocess.Popen(
        [VLMKIT, "caption", pictures, "-m", model, "-w", "1", "-o", "out.jsonl"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        while process.poll() is None and not _is_stored(store, "Quick."):
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["caption"] for row in rows] == ["Quick.", None, None]
    assert said.startswith("3 rows: 1 ok, 2 failed or not asked; ")
    assert json.loads(said.splitlines()[-1])["error"]["code"] == "Interrupted"


def _is_stored(store, text):
    """Whether an answer is in the store, or in what SQLite has not moved into its file yet."""
    files = [store, store.with_name(store.name + "-wal")]
    return any(text.encode() in file.read_bytes() for file in files if file.exists())


def test_mistakes_are_json_where_results_are(command, pictures):
    """A program reads both."""
    done = command("caption", pictures, "-m", "./no-such-model", "-f", "jsonl")
    assert (done.returncode, done.stdout) == (1, "")
    assert json.loads(done.stderr)["error"]["code"] == "ModelNotFound"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ask pictures", "Missing option '--question'"),
        ("lint pictures", "lint needs a table"),
        ("caption a b --from jsonl", "one table at a time"),
        ("caption pictures --style", "requires an argument"),
        ("caption pictures --from xml", "'xml' is not one of"),
        ("caption pictures --budget-money 1", "--budget-money needs --price"),
        ("caption pictures --workers many", "Invalid value for '-w' / '--workers'"),
    ],
)
def test_mistakes_in_a_command_are_2(pictures, monkeypatch, capsys, line, said):
    """With what is wrong, before anything is opened."""
    monkeypatch.chdir(pictures.parent)
    assert run(line.split()) == 2
    assert said in capsys.readouterr().err


def test_the_real_model_answers(command):
    """The bundled one, end to end."""
    picture = ROOT / "datasets/scenes/scene-001.jpg"
    done = command("ask", picture, "-m", "tiny", "--question", "How many objects are there?", "--dtype", "int", "-q")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split()[-1] == "1"


def test_a_duplicate_names_its_row(command, pictures):
    """The index of a result is a column, where it says something."""
    (pictures / "copy.png").write_bytes((pictures / "red.png").read_bytes())
    done = command("duplicates", pictures, "-f", "json")
    assert {"row", "group", "picture"} <= set(json.loads(done.stdout)[0])
    assert done.returncode == 0
