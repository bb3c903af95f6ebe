"""The command line as a whole: help, version, and how endings become exit codes."""

import importlib.metadata
import warnings
from pathlib import Path

import click
import pytest

from vlmkit.cli import entry
from vlmkit.cli.interrupts import termination
from vlmkit.errors import ModelNotFound


def test_help_lists_the_commands(command):
    """On stdout, as what was asked for."""
    done = command("--help")
    assert done.returncode == 0
    assert done.stderr == ""
    for name in ("describe", "runs", "models", "health", "doctor"):
        assert name in done.stdout


@pytest.mark.parametrize("name", entry.vlmkit.list_commands(None))
def test_every_command_is_tested_and_in_the_readme(name):
    """A new one is called by some test of the command line, and users can read that it is there."""
    root = Path(__file__).parents[2]
    tests = [file.read_text("utf-8") for file in root.glob("tests/cli/**/test_*.py") if file != Path(__file__)]
    calls = (f'command("{name}"', f'"{name}", ', f'"{name}": (')  # the last one is a row of the verbs' own contract
    assert any(call in text for text in tests for call in calls)
    assert f"`vlmkit {name}" in (root / "README.md").read_text("utf-8")


def test_version(command):
    """The installed version."""
    done = command("--version")
    assert done.stdout == f"vlmkit, version {importlib.metadata.version('vlmkit')}\n"


@pytest.mark.parametrize("arguments", [["descibe"], ["--nothing"], ["models", "extra"]])
def test_usage_errors_are_2(command, arguments):
    """Nothing on stdout."""
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: vlmkit" in done.stderr


def test_every_command_explains_itself(command):
    """Each has a help text and help for each option."""
    for name in entry.vlmkit.list_commands(None):
        assert entry.vlmkit.get_command(None, name).help, name
    assert command("describe", "--help").returncode == 0


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        (None, 0, ""),
        (1, 1, ""),
        (ModelNotFound("no such model \x1b[2J"), 1, "ModelNotFound: no such model \\x1b[2J\n"),
        (KeyboardInterrupt(), 130, "Interrupted.\n"),
        (termination(), 143, "Terminated.\n"),
    ],
)
def test_endings_become_exit_codes(monkeypatch, capsys, ending, code, said):
    """Errors of ours are a line on stderr, never a traceback."""

    @click.command()
    def sample():
        if isinstance(ending, BaseException):
            raise ending
        return ending

    monkeypatch.setitem(entry.vlmkit.commands, "sample", sample)
    assert entry.run(["sample"]) == code
    assert capsys.readouterr().err.lstrip("\n") == said


def test_warnings_are_a_line_for_people(monkeypatch, capsys):
    """Without the place in the code, which means nothing at a terminal; afterwards Python shows them its own way."""

    @click.command()
    def sample():
        warnings.simplefilter("always")
        warnings.warn("decoding one at a time \x1b[2J", stacklevel=1)

    before = warnings.showwarning
    monkeypatch.setitem(entry.vlmkit.commands, "sample", sample)
    assert entry.run(["sample"]) == 0
    assert capsys.readouterr().err == "Warning: decoding one at a time \\x1b[2J\n"
    assert warnings.showwarning is before
