"""An interrupt while the command is still being imported, in a process of that name and in others."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vlmkit.startup import guard, release

SLOW = """
import sys, time
print("importing", flush=True)
time.sleep(30)
"""


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGINT, 130, "Interrupted.\n"), (signal.SIGTERM, 143, "Terminated.\n")]
)
def test_the_command_leaves_in_order_while_it_is_imported(tmp_path, number, code, said):
    """The real command, whose click takes half a minute to import."""
    (tmp_path / "click").mkdir()
    (tmp_path / "click" / "__init__.py").write_text(SLOW)
    process = subprocess.Popen(
        [Path(sys.executable).parent / "vlmkit", "doctor"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # Where the tests run in the background of a shell, Ctrl-C is switched off for whatever they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads use it here
    )  # fmt: skip
    assert process.stdout.readline() == "importing\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (code, "", said)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["doctor", "--help"], ["nonsense"]])
def test_what_needs_no_table_imports_no_pandas(tmp_path, arguments):
    """Help, version and a mistyped command are there at once; the libraries come with the command that needs them."""
    for library in ("pandas", "numpy", "mlx", "httpx"):
        (tmp_path / f"{library}.py").write_text("raise SystemExit('imported')")
    done = subprocess.run(
        [Path(sys.executable).parent / "vlmkit", *arguments],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == (2 if arguments == ["nonsense"] else 0)
    assert "imported" not in done.stderr


def test_a_program_that_imports_vlmkit_keeps_its_handlers(fresh_python):
    """Only the command has them changed."""
    code = (
        "import signal; a = signal.getsignal(signal.SIGINT); import vlmkit; print(signal.getsignal(signal.SIGINT) is a)"
    )
    assert fresh_python(code).stdout == "True\n"


def test_a_handler_that_is_there_stays(monkeypatch):
    """What was switched off, as by nohup, stays off; what is not ours is not taken back."""
    monkeypatch.setattr(sys, "argv", ["/bin/vlmkit"])
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        guard()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        release()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        signal.signal(signal.SIGINT, signal.default_int_handler)
        guard()
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        release()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
        release()
