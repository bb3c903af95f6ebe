"""A disk that fails at any call, in any way: the store stays whole, the table honest, an older export as it was."""

import json
import os
import shutil
import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def library(tmp_path_factory, request):
    """What makes calls fail, compiled."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("calls are made to fail by a small library, for which this needs Linux and a C compiler")
    target = tmp_path_factory.mktemp("library") / "failing_calls.so"
    source = request.config.rootpath / "tests" / "support" / "failing_calls.c"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", target, source, "-ldl"], check=True)
    return target


@pytest.mark.parametrize(
    ("what", "every"),
    [
        ("store", 9),
        ("exports", 4),
        pytest.param("store", 1, marks=pytest.mark.slow_test),
        pytest.param("exports", 1, marks=pytest.mark.slow_test),
    ],
)
def test_a_disk_that_fails(library, tmp_path, request, what, every):
    """At some calls, or at each; EIO, ENOSPC, EROFS and EDQUOT, once and from then on."""
    script = request.config.rootpath / "tests" / "support" / "failing_disk.py"
    (tmp_path / "disk").mkdir()
    done = subprocess.run(
        [sys.executable, script, what, tmp_path / "disk", str(every)],
        env={**os.environ, "LD_PRELOAD": str(library)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert 20 < found["faults"] <= found["cases"] + 4
