"""`vlmkit export`: a command for each format."""

import json

import pytest

from vlmkit.cli.commands.export import export
from vlmkit.cli.entry import run
from vlmkit.exporters import EXPORT_FORMATS


@pytest.fixture
def table(pictures, tmp_path):
    """Captions of three pictures as JSON Lines."""
    file = tmp_path / "captions.jsonl"
    rows = [{"path": str(path), "caption": f"A {path.stem} field."} for path in sorted(pictures.iterdir())]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.mark.parametrize("name", EXPORT_FORMATS.names())
def test_every_format_is_written(table, tmp_path, capfd, name):
    """Its options are those of its function; the account goes to stdout."""
    row = EXPORT_FORMATS.find(name)
    target = [] if row.layout == "beside" else [str(tmp_path / f"out{''.join(row.suffixes[:1])}")]
    assert run(["export", name, str(table), *target, "-c", "caption", "--no-card", "-f", "json"]) == 0
    account = json.loads(capfd.readouterr().out)
    assert {row["action"] for row in account} <= {"create"}
    assert len(account) >= 3


def test_a_table_comes_through_a_pipe(command, table, tmp_path):
    """The real command; nothing is replaced unless that is said."""
    arguments = ("export", "coco", "-", "out.json", "--from", "jsonl", "-c", "caption")
    assert command(*arguments, stdin=table.read_text()).returncode == 0
    assert len(json.loads((tmp_path / "out.json").read_text())["annotations"]) == 3
    again = command(*arguments, stdin=table.read_text())
    assert (again.returncode, again.stdout) == (1, "")
    assert "out.json" in again.stderr


def test_the_formats_are_listed(capfd):
    """Each with its title; an unknown one is a mistake in the command."""
    assert run(["export", "--help"]) == 0
    assert "webdataset" in capfd.readouterr().out
    assert export.get_command(None, "nothing") is None
    assert run(["export", "nothing"]) == 2
