"""`vlmkit describe`, the real command: results, exit codes, and what goes where."""

import csv
import fcntl
import io
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from vlmkit import settings
from vlmkit.cli.entry import run
from vlmkit.cli.results import FIELDS

ROOT = Path(__file__).resolve().parents[3]
VLMKIT = Path(sys.executable).parent / "vlmkit"
FAULT = {"fault": "Refused", "message": "not this one"}


def test_a_table_on_stdout_and_the_summary_on_stderr(command, pictures, script):
    """The readable default: one row per picture in natural order."""
    done = command("describe", pictures, "--model", script("A blue field.", "A green field.", "A red field."))
    assert done.returncode == 0
    header, _, *rows = done.stdout.splitlines()
    assert header.split() == ["path", "size", "description"]
    assert [row.split("  ")[-1].strip() for row in rows] == ["A blue field.", "A green field.", "A red field."]
    assert done.stderr.startswith("3 pictures: 3 ok; ")


def test_the_table_fits_the_terminal(command, pictures, script):
    """COLUMNS cells and not one more."""
    model = script("A very long description that goes on and on, " * 5)
    done = command("describe", pictures, "-m", model, COLUMNS="60")
    assert max(map(len, done.stdout.splitlines())) <= 60


def test_json_is_the_promised_shape(command, pictures, script):
    """Summary and results, and nothing else on stdout."""
    done = command("describe", pictures, "--model", script("A field.", FAULT), "--workers", 2, "--format", "json")
    content = json.loads(done.stdout)
    assert list(content) == ["summary", "results"]
    summary = content["summary"]
    assert summary.pop("seconds") > 0
    revision = summary.pop("model_revision")
    assert summary == {
        "total": 3,
        "ok": 2,
        "failed": 1,
        "stand_ins": 0,
        "cancelled": 0,
        "from_store": 0,
        "duplicates": 0,
        "retries": 0,
        "stopped_early": False,
        "reason": None,
        "model": "fake:script",
        "workers": 2,
        "destinations": ["this process"],
        "tokens": summary["tokens"],
        "money": None,
    }
    assert summary["tokens"] > 4
    first, second, _ = content["results"]
    assert tuple(first) == FIELDS
    assert first["path"] == str(pictures / "blue.png")
    assert (first["description"], first["error"]) == ("A field.", None)
    assert (first["format"], first["width"], first["height"]) == ("PNG", 120, 30)
    assert first["size_bytes"] == (pictures / "blue.png").stat().st_size
    assert (first["model"], first["model_revision"], first["finish_reason"]) == ("fake:script", revision, "stop")
    assert revision
    assert (second["description"], second["error"]) == (None, "Refused: not this one")
    assert done.returncode == 1


def test_csv_has_every_field(command, pictures, script):
    """Readable by a spreadsheet, one row per picture."""
    done = command("describe", pictures, "--model", script("=1+1"), "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [tuple(row) for row in rows] == [FIELDS] * 3
    assert {row["description"] for row in rows} == {"'=1+1"}


def test_a_file_that_is_no_picture_is_a_row(command, pictures, script):
    """The others are described; the exit code says that something failed."""
    (pictures / "broken.png").write_text("not a picture")
    done = command("describe", pictures, "--model", script("Fine."), "--format", "jsonl")
    errors = {Path(row["path"]).name: row["error"] for row in map(json.loads, done.stdout.splitlines())}
    assert errors.pop("broken.png").startswith("UnreadableImage: ")
    assert set(errors.values()) == {None}
    assert done.returncode == 1
    assert done.stderr.startswith("4 pictures: 3 ok, 1 failed; ")


def test_output_goes_to_a_file_in_its_own_format(command, pictures, script, tmp_path):
    """The ending names the format; stdout stays empty."""
    done = command("describe", pictures, "--model", script("A field."), "--output", "out.json")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((tmp_path / "out.json").read_text())["summary"]["ok"] == 3
    assert not list(tmp_path.glob(".out*"))


def test_a_bad_output_is_found_before_the_model_is_opened(command, pictures):
    """Nothing is spent on results that cannot be written."""
    done = command("describe", pictures, "--model", "./no-such-model", "--output", "missing/out.json")
    assert done.returncode == 1
    assert "there is no folder missing" in done.stderr


def test_quiet_says_nothing_but_results(command, pictures, script):
    """For scripts."""
    done = command("describe", pictures, "--model", script("A field."), "--quiet")
    assert done.returncode == 0
    assert done.stderr == ""


def test_prompts_read_the_pictures_facts(command, pictures):
    """The fake answers with the prompt it got."""
    done = command(
        "describe", pictures, "-m", "fake:echo", "--prompt", "{width} wide?", "-f", "plain", "--max-words", 5
    )
    assert done.stdout.splitlines()[0].endswith("120x30 image/png: 120 wide? Use at most 5 words.")


def test_a_schema_gives_a_field_for_each_name(command, pictures, script, tmp_path):
    """In words or as a file; what is read is typed, and an answer that does not fit is a row that failed."""
    right, wrong = '{"count": 3, "sky": "blue"}', '{"count": "many", "sky": "blue"}'
    model = script(right, right, wrong, wrong)  # such an answer is asked for once more
    (tmp_path / "scene.txt").write_text("count int, sky: blue|gray")
    for schema in ("count int, sky: blue|gray", "scene.txt"):
        done = command(
            "describe", pictures, "-m", model, "-w", 1, "--schema", schema, "--store", "false", "-f", "jsonl"
        )  # fmt: skip
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(row["count"], row["sky"]) for row in rows] == [(3, "blue"), (3, "blue"), (None, None)]
        assert ["UnreadableReply" in (row["error"] or "") for row in rows] == [False, False, True]
        assert done.returncode == 1
    done = command("describe", pictures, "-m", model, "--schema", "count nuumber")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--schema: 'nuumber' is not a type" in done.stderr


def test_every_option_of_the_function_is_one_of_the_command(command, pictures, script):
    """Also those about tokens; one that is wrong is said by its name in a shell."""
    model = script("A field. And more.")
    done = command(
        "describe", pictures, "-m", model, "--top-p", 0.9, "--stop", "And", "-f", "jsonl", "--store", "false"
    )
    assert done.returncode == 0, done.stderr
    done = command("describe", pictures, "-m", model, "--top-p", 7)
    assert (done.returncode, done.stdout) == (1, "")
    assert "BadSetting: --top-p 7" in done.stderr


def test_the_same_command_again_asks_nothing(command, pictures, script):
    """Answers come from the store, and the summary says so; renamed files cost nothing; --no-resume asks anew."""
    model = script("First.", "First.", "First.", "Second.")
    arguments = ("describe", pictures, "--model", model, "--format", "json", "--workers", 1)
    first = json.loads(command(*arguments).stdout)
    (pictures / "red.png").rename(pictures / "zebra.png")
    again = command(*arguments)
    assert "3 ok (3 from the store)" in again.stderr
    rows = json.loads(again.stdout)["results"]
    assert [row["description"] for row in rows] == [row["description"] for row in first["results"]]
    assert [row["from_store"] for row in rows] == [True] * 3
    anew = json.loads(command(*arguments, "--no-resume").stdout)
    assert anew["summary"]["from_store"] == 0
    assert json.loads(command(*arguments).stdout)["summary"]["from_store"] == 3


def test_replay_asks_no_model(command, pictures, script):
    """A class answers from the file; a picture it does not know fails, and so does its row."""
    model = script("A field.")
    assert command("describe", pictures, "--model", model, "--store", "class.sqlite").returncode == 0
    Path(model.removeprefix("fake:")).unlink()
    done = command("describe", pictures, "--model", model, "--store", "replay:class.sqlite", "-f", "plain")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("A field.") == 3
    Image.new("RGB", (9, 9), "white").save(pictures / "new.png")
    done = command("describe", pictures, "--model", model, "--store", "replay:class.sqlite", "-f", "plain")
    assert done.returncode == 1
    assert done.stdout.count("A field.") <= 3
    assert "new.png" in done.stdout + done.stderr


def test_nothing_is_stored_where_that_is_said(command, pictures, script, store):
    """--store false leaves no file."""
    done = command("describe", pictures, "--model", script("A field."), "--store", "false")
    assert done.returncode == 0
    assert not store.exists()


def test_a_store_that_cannot_be_used_is_exit_code_1(command, pictures, script, tmp_path):
    """Before anything is asked, with the path and what to do."""
    (tmp_path / "broken.sqlite").write_text("no database" * 1000)
    done = command("describe", pictures, "--model", script("A field."), "--store", "broken.sqlite")
    assert (done.returncode, done.stdout) == (1, "")
    assert "StoreFault: store broken.sqlite: it is not a store" in done.stderr


def test_only_the_first_pictures(command, pictures, script):
    """--limit, and then the same command without it asks for the rest."""
    model = script("A field.")
    done = command("describe", pictures, "--model", model, "--limit", 2, "--format", "jsonl")
    assert [Path(json.loads(line)["path"]).name for line in done.stdout.splitlines()] == ["blue.png", "green.png"]
    assert "3 ok (2 from the store)" in command("describe", pictures, "--model", model).stderr


def test_pictures_leave_this_machine_only_when_that_is_said(capfd, pictures):
    """A server elsewhere is refused before anything is sent; the option allows it for this command."""
    command = ["describe", str(pictures), "--store", "false", "-m"]
    assert run([*command, "openai:any@http://203.0.113.7/v1"]) == 1
    assert "allow_remote" in capfd.readouterr().err
    assert settings.get("allow_remote") is False
    assert run([*command, "fake:echo", "--allow-remote"]) == 0
    assert settings.get("allow_remote") is True


def test_a_model_runs_in_a_process_of_its_own_when_that_is_said(pictures, monkeypatch):
    """For this command; a setting is not undone by silence, and is by the option's opposite."""
    monkeypatch.setenv("VLMKIT_ISOLATE_MODEL", "true")
    command = ["describe", str(pictures), "--store", "false", "-q", "-m", "fake:echo"]
    assert run(command) == 0
    assert settings.get("isolate_model") is True
    assert run([*command, "--no-isolate-model"]) == 0
    assert settings.get("isolate_model") is False
    monkeypatch.delenv("VLMKIT_ISOLATE_MODEL")
    assert run([*command, "--isolate-model"]) == 0
    assert settings.get("isolate_model") is True


def test_metadata_adds_fields(command, pictures, script):
    """In every format that has fields."""
    arguments = ("describe", pictures, "--model", script("A field."), "--metadata", "--format")
    (row, *_) = csv.DictReader(io.StringIO(command(*arguments, "csv").stdout))
    assert (row["orientation"], row["frames"], len(row["digest"])) == ("1", "1", 32)
    first = json.loads(command(*arguments, "json").stdout)["results"][0]
    assert list(first) == list(row)
    assert first["taken_at"] is None


def test_verbose_tells_of_every_picture(command, pictures, script):
    """On stderr; stdout stays as it is."""
    plain = command("describe", pictures, "--model", script("A field."), "--format", "csv", "--store", "false")
    told = command("describe", pictures, "--model", script("A field."), "--format", "csv", "-v")
    assert len(told.stdout.splitlines()) == len(plain.stdout.splitlines()) == 4
    assert "[3/3] " in told.stderr
    assert "[3/3] " not in plain.stderr


@pytest.mark.parametrize(
    ("behavior", "said", "code"),
    [("error", None, 1), ("fallback", "PNG", 1), ("continue", None, 1)],
)
def test_a_late_answer_may_have_a_stand_in(command, pictures, script, behavior, said, code):
    """Marked as such: the error stays beside it."""
    model = script("Late.", delay_s=30)
    done = command(
        "describe", pictures / "red.png", "-m", model, "--timeout", 0.2, "--on-timeout", behavior, "-f", "jsonl"
    )
    (row,) = map(json.loads, done.stdout.splitlines())
    assert row["error"].startswith("TimedOut: ")
    assert done.returncode == code
    assert row["description"] is None if said is None else said in row["description"]


def test_another_model_may_answer_instead(command, pictures, script, tmp_path):
    """--fallback, for rows that the first model cannot answer; the row says who did."""
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"replies": ["Instead."]}))
    model = script("A field.", FAULT)
    done = command(
        "describe", pictures, "-m", model, "--fallback", f"fake:{other}", "-f", "json", "--workers", 1
    )  # fmt: skip
    rows = json.loads(done.stdout)["results"]
    assert sorted(row["description"] for row in rows) == ["A field.", "A field.", "Instead."]
    revisions = {row["model_revision"] for row in rows if row["description"] == "Instead."}
    assert revisions.isdisjoint(row["model_revision"] for row in rows if row["description"] == "A field.")
    assert done.returncode == 0


def test_options_reach_the_model(command, pictures, script):
    """A token limit cuts the answer, which is then none, and says so."""
    done = command("describe", pictures, "-m", script("one two three"), "--max-tokens", 2, "-f", "jsonl")
    row = json.loads(done.stdout.splitlines()[0])
    assert (row["description"], row["finish_reason"]) == (None, "length")
    assert "cut off at max_tokens: 'one two'" in row["error"]


def test_paths_from_stdin_and_from_arguments(command, pictures, script):
    """``find … | vlmkit describe -``, with line ends or with NUL; a path that is gone meanwhile is a row."""
    listed = [str(pictures / "red.png"), str(pictures / "gone.png")]
    for text in ("\n".join(listed) + "\n", "\0".join(listed) + "\0"):
        done = command("describe", "-", pictures / "blue.png", "-m", script("Ok."), "-f", "jsonl", stdin=text)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [row["path"] for row in rows] == [*listed, str(pictures / "blue.png")]
        assert [row["error"] is None for row in rows] == [True, False, True]


def test_subfolders_when_asked(command, pictures, script):
    """Without the option they are left out."""
    (pictures / "more").mkdir()
    (pictures / "red.png").rename(pictures / "more" / "red.png")
    counts = [
        len(command("describe", pictures, *option, "-m", script("Ok."), "-f", "jsonl").stdout.splitlines())
        for option in ([], ["--recursive"])
    ]
    assert counts == [2, 3]


def test_on_error_fail_keeps_what_was_answered(command, pictures, script):
    """The run ends at the fault; rows before it are printed, the error is on stderr, the exit code is 1."""
    model = script("Fine.", FAULT, "Never.")
    done = command("describe", pictures, "-m", model, "--on-error", "fail", "--workers", 1, "--format", "json")
    content = json.loads(done.stdout)
    assert done.returncode == 1
    assert [row["description"] for row in content["results"]] == ["Fine.", None]
    assert (content["summary"]["cancelled"], content["summary"]["stopped_early"]) == (1, True)
    assert json.loads(done.stderr.splitlines()[-1])["error"] == {"code": "Refused", "message": "not this one"}


def test_a_run_where_nothing_works_is_not_spent(command, pictures, script):
    """When the first rows all fail alike the rest is not asked, and that is said."""
    for number in range(30):
        (pictures / f"copy{number}.png").hardlink_to(pictures / "red.png")
    done = command("describe", pictures, "-m", script(FAULT), "--workers", 1, "--format", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["summary"]["cancelled"] > 20
    assert (
        "not this one\n28 of 33 rows were not asked because of this."
        in json.loads(done.stderr.splitlines()[-1])["error"]["message"]
    )


def test_a_timeout_is_a_row_that_failed(command, pictures, script):
    """Seconds for one answer."""
    done = command("describe", pictures, "-m", script("Late.", delay_s=30), "--timeout", "0.1", "-f", "jsonl")
    assert done.returncode == 1
    assert all(json.loads(line)["error"].startswith("TimedOut: ") for line in done.stdout.splitlines())


def test_no_timeout_at_all_can_be_asked_for(command, pictures, script):
    """The option stands above the environment, also where it takes the limit away."""
    model = script("In time.", delay_s=0.3)
    done = command("describe", pictures, "-m", model, "--timeout", "none", VLM_TIMEOUT_SECONDS="0.01")
    assert done.returncode == 0


def test_the_environment_may_name_the_model(command, pictures, script):
    """VISION_MODEL, and the option above it."""
    model = script("From the script.")
    done = command("describe", pictures, "-f", "plain", VISION_MODEL=model)
    assert "From the script." in done.stdout
    done = command("describe", pictures, "-f", "plain", "-m", model, VISION_MODEL="no such model")
    assert "From the script." in done.stdout


def test_the_file_may_name_the_model(command, pictures, script, tmp_path):
    """vlmkit.toml in the working directory."""
    (tmp_path / "vlmkit.toml").write_text(f"[vision]\nmodel = '{script('From the file.')}'\n")
    assert "From the file." in command("describe", pictures, "-f", "plain").stdout


def test_without_a_model_the_ways_to_name_one_are_listed(command, pictures):
    """Exit code 1; no model is ever chosen silently."""
    done = command("describe", pictures)
    assert (done.returncode, done.stdout) == (1, "")
    for way in ("--model", "VISION_MODEL", "vlmkit.toml", "tiny"):
        assert way in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'PATHS...'"),
        (["x", "--format", "xml"], "'xml' is not one of"),
        (["x", "--workers", "0"], 'Give "auto" or a whole number from 1 up'),
        (["x", "--timeout", "soon"], "Give a number of seconds above 0"),
        (["x", "--style", "brief", "--prompt", "What?"], "exclude each other"),
        (["x", "--style", "breif"], "Did you mean 'brief'?"),
        (["x", "--colour"], "No such option"),
        (["x", "--quiet", "--verbose"], "exclude each other"),
        (["x", "--limit", "0"], "x>=1"),
        (["x", "--store", "fales"], "Give a file, true for the default file"),
        (["x", "--on-timeout", "wait"], "'wait' is not one of"),
    ],
)
def test_a_command_written_wrongly_is_exit_code_2(capfd, arguments, message):
    """With the reason on stderr."""
    assert run(["describe", *arguments]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert message in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing-folder", "-m", "fake:x"], "missing-folder: no such folder or file"),
        (["gone.png", "none/*.png", "-m", "fake:x"], "gone.png: no such folder or file"),
        ([".", "-m", "fake:x"], "no pictures in this folder"),
        (["--model", "tinny", "pictures"], "Did you mean 'tiny'?"),
        (["pictures", "-m", "fake:x", "--prompt", "{nothing}"], "nothing"),
    ],
)
def test_a_setup_that_cannot_work_is_exit_code_1(capfd, monkeypatch, tmp_path, pictures, arguments, message):
    """Before anything is asked."""
    monkeypatch.chdir(tmp_path)
    assert run(["describe", *arguments]) == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert message in said.err


def test_an_interrupt_keeps_finished_rows(pictures, script, tmp_path):
    """Ctrl-C: what was answered is printed, exit code 130, within seconds."""
    model = script("Quick.", "Slow.", "Slow.")
    path = Path(model.removeprefix("fake:"))
    path.write_text(json.dumps({"replies": ["Quick.", "Slow."], "delay_s": [0, 60]}))
    command = [VLMKIT, "describe", str(pictures), "-m", model, "--workers", "1", "--format", "jsonl"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    rest, errors = process.communicate(timeout=50)
    assert time.monotonic() - start < 30  # the next answer would take 60
    assert process.returncode == 130
    assert json.loads(first)["description"] == "Quick."
    assert rest == ""
    assert "1 ok, 2 cancelled" in errors
    assert "Interrupted." in errors
    assert "Traceback" not in errors


def test_an_interrupted_run_writes_what_it_has(pictures, script, tmp_path, command):
    """--output gets the rows that are there, whole and valid; the same command goes on from there."""
    model = script("Quick.", "Slow.", "Slow.")
    path = Path(model.removeprefix("fake:"))
    path.write_text(json.dumps({"replies": ["Quick.", "Slow."], "delay_s": [0, 60]}))
    arguments = ["describe", str(pictures), "-m", model, "--workers", "1", "--output", "out.json", "--verbose"]
    process = subprocess.Popen(
        [VLMKIT, *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while "[1/3]" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=50)
    assert process.returncode == 130
    content = json.loads((tmp_path / "out.json").read_text())
    assert [row["description"] for row in content["results"]] == ["Quick."]
    assert (content["summary"]["cancelled"], content["summary"]["stopped_early"]) == (2, True)
    assert not list(tmp_path.glob(".out*"))
    path.write_text(json.dumps({"replies": ["Quick.", "Slow."], "delay_s": [0, 60]}))
    process = subprocess.Popen([VLMKIT, *arguments, "--overwrite"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert "from the store" in [process.stderr.readline() for _ in range(2)][1]
    process.kill()
    process.communicate()


def test_a_reader_that_leaves_is_no_crash(pictures, script):
    """``| head -1`` closes the pipe; the command ends without a traceback."""
    for number in range(200):
        (pictures / f"copy{number}.png").hardlink_to(pictures / "red.png")
    line = f"{VLMKIT} describe {pictures} -m {script('x' * 2000)} -f jsonl | head -n 1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_names_that_are_no_utf8_are_described(command, tmp_path, pictures, script):
    """A file name is bytes; JSON carries it so that Python reads it back."""
    (pictures / "red.png").rename(os.fsdecode(os.fsencode(pictures) + b"/r\xff\x1b.png"))
    done = command("describe", pictures, "-m", script("Ok."), "-f", "jsonl")
    assert done.returncode == 0
    names = {os.fsencode(Path(json.loads(line)["path"]).name) for line in done.stdout.splitlines()}
    assert b"r\xff\x1b.png" in names


@pytest.mark.core_model
def test_tiny_describes_scenes(command, tmp_path):
    """The bundled model, through everything, tells what is in the picture; the same table every time."""
    rows = [json.loads(line) for line in (ROOT / "datasets/scenes/metadata.jsonl").read_text().splitlines()][:12]
    paths = [ROOT / "datasets/scenes" / row["file_name"] for row in rows]
    arguments = ("describe", *paths, "--model", "tiny", "--style", "brief", "--format", "jsonl")
    first, second = command(*arguments), command(*arguments)
    assert first.returncode == 0, first.stderr
    described = [json.loads(line)["description"] for line in first.stdout.splitlines()]
    assert [json.loads(line)["description"] for line in second.stdout.splitlines()] == described
    right = sum(text == row["brief"] for text, row in zip(described, rows, strict=True))
    assert right >= 9


def test_a_missing_file_among_others_is_a_row_that_failed(command, pictures, script):
    """Exit code 1, the others described; with nothing left it is refused."""
    arguments = ("describe", "gone.png", pictures / "red.png", "none/*.png", "-m", script("Ok."), "-f", "jsonl")
    done = command(*arguments)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["path"], row["error"] is None) for row in rows] == [
        ("gone.png", False), (str(pictures / "red.png"), True), ("none/*.png", False),
    ]  # fmt: skip
    assert done.returncode == 1
    assert "Warning: none/*.png: no file matches" in done.stderr
    done = command("describe", "gone.png", "gone too.png", "-m", script("Ok."))
    assert (done.returncode, done.stdout) == (1, "")
    assert "SetupError: gone.png: no such folder or file" in done.stderr


def test_sigterm_ends_a_run_in_order(pictures, script, tmp_path, store):
    """Exit code 143; what was answered is printed, counted and stored."""
    model = script("Quick.", "Slow.", "Slow.")
    Path(model.removeprefix("fake:")).write_text(json.dumps({"replies": ["Quick.", "Slow."], "delay_s": [0, 60]}))
    command = [VLMKIT, "describe", str(pictures), "-m", model, "-w", "1", "--format", "jsonl"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=50)
    assert process.returncode == 143
    assert (json.loads(first)["description"], rest) == ("Quick.", "")
    assert "1 ok, 2 cancelled" in errors
    assert json.loads(errors.splitlines()[-1])["error"]["code"] == "Terminated"
    with subprocess.Popen([*command, "--limit", "1"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as again:
        assert json.loads(again.communicate(timeout=50)[0])["from_store"]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["describe", "gone.png", "-m", "fake:x", "-f", "json"], 1, "SetupError"),
        (["describe", "gone.png", "-m", "tinny", "--output", "a.jsonl"], 1, "UnknownModel"),
        (["describe", "-f", "json"], 2, "Usage"),
        (["models", "--format=json", "--nothing"], 2, "Usage"),
    ],
)
def test_errors_are_json_where_the_output_is(command, arguments, code, error):
    """On one line of stderr; stdout stays empty."""
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    said = json.loads(done.stderr.splitlines()[-1])
    assert (said["status"], said["error"]["code"]) == ("failed", error)
    assert said["error"]["message"]


def test_an_output_file_is_replaced_only_when_that_is_said(command, pictures, script, tmp_path):
    """Before anything is asked."""
    arguments = ("describe", pictures, "-m", script("New."), "-o", "out.csv")
    (tmp_path / "out.csv").write_text("mine")
    done = command(*arguments)
    assert done.returncode == 1
    assert "this file is there already" in done.stderr
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert command(*arguments, "--overwrite").returncode == 0
    assert "New." in (tmp_path / "out.csv").read_text()


def test_a_document_is_written_beside_its_pictures(command, pictures, script, tmp_path):
    """--format markdown, by the ending; links lead from its folder to the pictures."""
    (tmp_path / "docs").mkdir()
    done = command("describe", "pictures", "-m", script("A *field*."), "-o", "docs/all.md", "--metadata")
    assert done.returncode == 0
    text = (tmp_path / "docs" / "all.md").read_text()
    assert text.count("## ") == 3
    assert "](<../pictures/red.png>)" in text
    assert r"A \*field\*." in text
    assert "- orientation: 1" in text


@pytest.mark.core_model
def test_confidence_is_a_field(command):
    """How likely the text was to the model; where the format has no room, that is said."""
    arguments = ("describe", ROOT / "datasets/scenes/scene-001.jpg", "-m", "tiny", "--confidence", "-f")
    (row,) = map(json.loads, command(*arguments, "jsonl").stdout.splitlines())
    assert 0.5 < row["confidence"] <= 1
    (row,) = csv.DictReader(io.StringIO(command(*arguments, "csv").stdout))
    assert 0.5 < float(row["confidence"]) <= 1
    assert "--confidence shows nothing in the format plain" in command(*arguments, "plain").stderr


def test_metadata_has_all_of_exif_and_the_run(command, pictures, script):
    """By EXIF's own names; what was asked, when and how stands in the summary."""
    exif = Image.Exif()
    exif[271], exif[36867] = "Acme", "2024:05:06 07:08:09"
    exif.get_ifd(34853)[1] = "N"
    Image.new("RGB", (9, 9)).save(pictures / "exif.jpg", exif=exif)
    done = command(
        "describe", pictures / "exif.jpg", "-m", script("Ok."), "--metadata", "-f", "json", "--timeout", 9,
        "--style", "brief", "--seed", 3,
    )  # fmt: skip
    content = json.loads(done.stdout)
    assert content["results"][0]["exif"] == {"Make": "Acme", "DateTimeOriginal": "2024:05:06 07:08:09",
                                             "GPSInfo": {"GPSLatitudeRef": "N"}}  # fmt: skip
    run = content["summary"]["run"]
    assert (run["style"], run["timeout_s"], run["sampling"]["seed"]) == ("brief", 9.0, 3)
    assert datetime.fromisoformat(run["started_at"]).tzinfo is not None


def test_a_bar_is_there_where_the_terminal_has_no_width(pictures, script):
    """Some containers' terminals say that they have 0 columns."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    arguments = [VLMKIT, "describe", pictures, "-m", script("Ok."), "-f", "jsonl", "--store", "false"]
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=terminal, env=environment) as process:
        os.close(terminal)
        said = b""
        with suppress(OSError):  # the other side has closed
            while part := os.read(main, 4096):
                said += part
    os.close(main)
    assert process.returncode == 0
    assert b"100%" in said


def test_a_budget_stops_and_keeps(command, pictures, script):
    """What was answered is printed and stored; the reason is in the summary, and the same command goes on."""
    model = script("A field.")
    arguments = ("describe", pictures, "--model", model, "--workers", 1, "-f", "json", "--prompt", "What?")
    first = command(*arguments, "--budget-tokens", 1)
    content = json.loads(first.stdout)
    assert (first.returncode, content["summary"]["ok"], content["summary"]["cancelled"]) == (1, 1, 2)
    assert content["summary"]["reason"] == "the budget of 1 tokens is used up (3 spent)"
    assert content["summary"]["tokens"] == 3
    assert "the budget of 1 tokens is used up" in first.stderr
    again = json.loads(command(*arguments).stdout)["summary"]
    assert (again["ok"], again["from_store"], again["reason"]) == (3, 1, None)
    (stopped, _) = json.loads(command("runs", "--format", "json").stdout)
    assert (stopped["state"], stopped["reason"]) == ("stopped", content["summary"]["reason"])
    paid = command(*arguments, "--no-resume", "--price", 1, 2, "--budget-money", 0.000001)
    assert json.loads(paid.stdout)["summary"]["money"] == pytest.approx(5e-6)
    unpriced = command(*arguments, "--budget-money", 5)
    assert (unpriced.returncode, "--budget-money needs --price" in unpriced.stderr) == (2, True)
    assert command(*arguments, "--budget-minutes", 0).returncode == 2


def test_tries_are_counted(command, pictures, script):
    """How often a picture was asked again; none where no further try is allowed."""
    busy = {"fault": "RateLimited", "message": "busy"}
    model = script(busy, "A field.", "A field.", "A field.")
    arguments = ("describe", pictures, "--model", model, "--workers", 1, "-f", "json", "--store", "false")
    content = json.loads(command(*arguments, VLMKIT_FIRST_WAIT_S="0.01").stdout)
    assert [row["retries"] for row in content["results"]] == [1, 0, 0]
    assert content["summary"]["retries"] == 1
    once = json.loads(command(*arguments, "--max-retries", 0).stdout)
    assert [row["retries"] for row in once["results"]] == [0, 0, 0]
    assert once["summary"]["failed"] == 1


def test_an_equal_picture_is_not_from_the_store(command, pictures, script):
    """It was asked about, in this very run."""
    red = pictures / "red.png"
    arguments = ("describe", red, red, "--model", script("A field."), "-f", "json")
    content = json.loads(command(*arguments).stdout)
    assert [(row["from_store"], row["is_duplicate"]) for row in content["results"]] == [(False, False), (False, True)]
    assert (content["summary"]["from_store"], content["summary"]["duplicates"]) == (0, 1)


def test_a_key_that_is_revoked_later_ends_the_run(command, pictures, script):
    """With what was described so far, and the error."""
    model = script("A field.", {"fault": "Unauthorized", "message": "key revoked"})
    done = command("describe", pictures, "--model", model, "--workers", 1, "-f", "json", "--store", "false")
    content = json.loads(done.stdout)
    assert (done.returncode, content["summary"]["ok"], content["summary"]["cancelled"]) == (1, 1, 1)
    assert content["summary"]["reason"] == "Unauthorized: key revoked"
    assert "Unauthorized" in done.stderr


def test_max_characters_is_a_limit_that_holds(command, pictures, script):
    """Whatever the model wrote, cut where a word ends; a limit of none is a mistake in the call."""
    arguments = ("describe", pictures, "-m", script(*["A field of wheat in the evening sun."] * 3), "-f", "json")
    done = command(*arguments, "--max-characters", 12)
    assert {row["description"] for row in json.loads(done.stdout)["results"]} <= {"A field of", "A field of…"}
    assert "--max-characters 0: give" in command(*arguments, "--max-characters", 0).stderr
