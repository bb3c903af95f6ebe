"""Results and nothing else on stdout; files whole or not at all."""

import errno
import os
import stat

import pytest

from vlmkit.cli.output import check_writable, say, terminal_width, to_file, write_lines
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
    with to_file(path) as stream:
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
        with to_file(path) as stream:
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
