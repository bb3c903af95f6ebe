"""Every test runs with a home of its own, a clean environment and no way out of this machine."""

import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest

from vlmkit import settings
from vlmkit.engines import blas

TESTS = Path(__file__).parent
ROOT = TESTS.parent
USER_FOLDERS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")
OTHERS_SETTINGS = (
    "OLLAMA_HOST",
    "HF_HOME",
    "HF_TOKEN",
    "HF_HUB_CACHE",
    "IPYTHONDIR",
    "JUPYTER_CONFIG_DIR",
    "PYTHONWARNINGS",
)

runpy.run_path(str(TESTS / "isolation" / "sitecustomize.py"))
# How long an example takes, or the making of one, says how busy the machine is; examples of one test share its folder.
_ON_ANY_MACHINE = hypothesis.settings(
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
# The same examples in every run, so that a change is judged by what it changed; new ones with
# `pytest --hypothesis-profile=explore`.
hypothesis.settings.register_profile("repeatable", _ON_ANY_MACHINE, derandomize=True, database=None)
hypothesis.settings.register_profile("explore", _ON_ANY_MACHINE)
hypothesis.settings.load_profile("repeatable")
# Before any test module imports mlx: afterwards it would be too late, and every model many times slower.
blas.prepare()


def pytest_configure(config):
    """Redirect the home and user folders, also for kernels and commands that tests start."""
    home = Path(tempfile.mkdtemp(prefix="vlmkit-home-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    for name in (*USER_FOLDERS, *OTHERS_SETTINGS, *(setting.variable for setting in settings.SETTINGS.values())):
        os.environ.pop(name, None)
    os.environ |= {
        "HOME": str(home),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(TESTS / "isolation"), os.environ.get("PYTHONPATH")])),
    }


def pytest_collection_modifyitems(items):
    """Give a cell's next output more time than nbval's hard-coded 5 s, which a busy machine exceeds."""
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = 60


@pytest.fixture(scope="session")
def mlx_vlm_server(tmp_path_factory):
    """Model name of the bundled model as mlx_vlm's own server has it, started once for all tests."""
    import mlx_vlm_server as server

    with server.running(tmp_path_factory.mktemp("server") / "server.log") as url:
        yield f"mlx-vlm:{server.WEIGHTS}@{url}"


@pytest.fixture(autouse=True)
def fresh_session(monkeypatch):
    """Forget what an earlier test said with `use`."""
    monkeypatch.setattr(settings, "_session", {})


@pytest.fixture
def fresh_python(tmp_path):
    """Run code in an interpreter of its own, in an empty home; gives the finished process, checked unless told."""
    home = tmp_path / "home"
    home.mkdir()

    def run(code, *arguments, check=True, **environment):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env={**os.environ, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done

    run.home = home
    return run
