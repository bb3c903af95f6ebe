"""Results and nothing else on stdout; files whole or not at all."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from vlmkit.cli.output import Complaints, check_writable, say, terminal_width, to_file, write_lines
from vlmkit.errors import ModelNotFound, SetupError


def test_stdout_carries_results_only(fresh_python):
    """What a library prints meanwhile, even from C, lands on stderr; afterwards stdout is as before."""
    done = fresh_python(
        "import os\n"
        "from vlmkit.cli.output import to_stdout, write_lines\n"
        "print('before')\n"
        "with to_stdout() as stream:\n"
        "    print('chatter'); os.system('echo from a child')\n"
        "    write_lines(['result'], stream)\n"
        "print('after')"
    )
    assert done.stdout == "before\nresult\nafter\n"
    assert sorted(done.stderr.splitlines()) == ["chatter", "from a child"]


def test_stdout_without_unicode_gets_escapes(fresh_python):
    """A terminal that cannot show a character gets its number, not a crash."""
    done = fresh_python(
        "from vlmkit.cli.output import to_stdout, write_lines\nwith to_stdout() as s: write_lines(['ä …'], s)",
        PYTHONIOENCODING="ascii",
    )
    assert done.stdout == "\\xe4 \\u2026\n"
    assert "ascii, the encoding of stdout, has no '\\xe4' and 2 characters in all" in done.stderr


def test_programs_get_utf8_whatever_the_locale_says(fresh_python):
    """Data is not changed on its way into a pipe, and nothing has to be said."""
    done = fresh_python(
        "from vlmkit.cli.output import to_stdout, write_lines\n"
        "with to_stdout(for_programs=True) as s: write_lines(['ä 猫'], s)",
        PYTHONIOENCODING="cp1252",
    )
    assert (done.stdout, done.stderr) == ("ä 猫\n", "")


def test_a_file_that_is_there_is_not_replaced(tmp_path):
    """Before the run; what came during the run stays, too, and the results are beside it."""
    path = tmp_path / "out.csv"
    path.write_text("mine")
    with pytest.raises(SetupError, match=r"out.csv: this file is there already\. .*--overwrite"):
        check_writable(path)
    check_writable(path, overwrite=True)
    path.unlink()

    def work():
        with to_file(path) as stream:
            path.write_text("somebody's")
            stream.write("results")

    with pytest.raises(SetupError, match="during the run") as caught:
        work()
    assert path.read_text() == "somebody's"
    (beside,) = set(tmp_path.iterdir()) - {path}
    assert str(beside) in str(caught.value)
    assert beside.read_text() == "results"


def test_a_link_stays_a_link(tmp_path):
    """The file that it leads to gets the results."""
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "out.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    with to_file(link, overwrite=True) as stream:
        stream.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_not_replaced_by_a_file():
    """Not even where the user may do that."""
    with pytest.raises(SetupError, match="this is not a file"):
        check_writable(Path(os.devnull), overwrite=True)
    assert not Path(os.devnull).is_file()


def test_errors_are_told_in_words_or_as_json(capsys, monkeypatch):
    """One line, and safe to show."""
    Complaints.tell("BadSetting", "BadSetting: wrong \x1b")
    monkeypatch.setattr(Complaints, "as_json", True)
    Complaints.tell("BadSetting", "wrong\n\x1b")
    words, line = capsys.readouterr().err.splitlines()
    assert words == "BadSetting: wrong \\x1b"
    assert json.loads(line) == {"status": "failed", "error": {"code": "BadSetting", "message": "wrong\n\x1b"}}


def test_lines_are_there_at_once(tmp_path):
    """Each line is written before the next is asked for."""
    path = tmp_path / "lines"

    def lines():
        yield "one"
        assert path.read_text() == "one\n"
        yield "two"

    with path.open("w") as stream:
        write_lines(lines(), stream)
    assert path.read_text() == "one\ntwo\n"


def test_a_file_appears_whole(tmp_path):
    """Until the end the older content stays; then the new one is there, readable by whom the umask says."""
    path = tmp_path / "out.csv"
    path.write_text("old")
    with to_file(path, overwrite=True) as stream:
        stream.write("new ä")
        stream.flush()
        assert path.read_text() == "old"
    assert path.read_text(encoding="utf-8") == "new ä"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_failure_leaves_nothing_behind(tmp_path):
    """The older file stays, and no partial one."""
    path = tmp_path / "out.csv"
    path.write_text("old")

    def write_half():
        with to_file(path, overwrite=True) as stream:
            stream.write("half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(
        SetupError, match=r"--output .*out.csv: cannot be written \(No space left on device\). Mend that"
    ):
        write_half()
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("out.csv", "old")]


def test_faults_of_the_run_pass_as_they_are(tmp_path):
    """Some errors of ours are errors of the system, too; they say themselves what failed."""

    def work():
        with to_file(tmp_path / "out.csv"):
            raise ModelNotFound("no such model")

    with pytest.raises(ModelNotFound, match=r"^no such model$"):
        work()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"), [("missing/out.csv", "there is no folder"), (".", "this is a folder. Name a file in it")]
)
def test_a_place_that_cannot_be_written_is_said_before(tmp_path, name, message):
    """The run is not spent before this is found."""
    with pytest.raises(SetupError, match=message):
        check_writable(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said_before(tmp_path):
    """As is a folder without permission."""
    tmp_path.chmod(0o500)
    with pytest.raises(SetupError, match="is not writable"):
        check_writable(tmp_path / "out.csv")


def test_messages_go_to_stderr_and_are_harmless(capsys):
    """An error that quotes a file name cannot reprogram the terminal."""
    say("bad \x1b[2J name\nsecond line")
    assert capsys.readouterr() == ("", "bad \\x1b[2J name\nsecond line\n")


def test_width_follows_columns(monkeypatch):
    """COLUMNS decides; without it and without a terminal a line has 100 cells."""
    monkeypatch.setenv("COLUMNS", "61")
    assert terminal_width() == 61
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setattr("sys.__stdout__", None)
    assert terminal_width() == 100
