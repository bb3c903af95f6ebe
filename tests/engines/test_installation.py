"""An mlx that cannot be imported: the error and the doctor name the cause, and the command that mends it."""

import json

import pytest

from vlmkit.engines import installation
from vlmkit.engines.installation import import_fault
from vlmkit.errors import MissingExtra, ModelLoadFailed

# As the loader says it on a machine without NVIDIA's driver, where mlx for GPUs is installed.
WITHOUT_DRIVER = """
import importlib.metadata, sys
PROBLEM = "libcuda.so.1: cannot open shared object file: No such file or directory"
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "mlx.core":
            raise ImportError(PROBLEM)
sys.meta_path.insert(0, Finder())
version = importlib.metadata.version
importlib.metadata.version = lambda name: "0.32.4" if name == "mlx-cuda-13" else version(name)
"""
MEND = "pip uninstall -y mlx-cuda-13 && pip install --force-reinstall --no-deps mlx-cpu=="


def test_the_error_names_cause_and_command(fresh_python):
    """Through the public way to a model, in a process where importing mlx really fails."""
    code = "import vlmkit as vk\ntry: vk.load('tiny')\nexcept vk.errors.ModelLoadFailed as error: print(error)"
    said = fresh_python(WITHOUT_DRIVER + "import vlmkit.errors\n" + code).stdout
    assert "libcuda.so.1 is missing, which NVIDIA's driver brings" in said
    assert "mlx for NVIDIA GPUs (mlx-cuda-13 0.32.4), as by vlmkit[cuda]" in said
    assert MEND in said


def test_the_doctor_says_the_same(fresh_python):
    """It ends with exit code 1, and looks at all the rest."""
    code = "from vlmkit.cli.entry import run; raise SystemExit(run(['doctor', '--format', 'json']))"
    done = fresh_python(WITHOUT_DRIVER + code, check=False)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert any(MEND in advice for advice in found["advice"])
    assert found["settings"]


@pytest.mark.parametrize(
    ("problem", "builds", "kind"),
    [
        ("libcuda.so.1: cannot open shared object file", {}, ModelLoadFailed),
        ("libcuda.so.1: cannot open shared object file", {"mlx-cuda-12": "0.32.4"}, ModelLoadFailed),
        ("libcudart.so.13: cannot open shared object file", {"mlx-cuda-13": "0.32.4"}, ModelLoadFailed),
        ("No module named 'mlx'", {}, MissingExtra),
        ("No module named 'mlx'", {"mlx-cuda-13": "0.32.4"}, MissingExtra),
        ("libopenblas.so.0: cannot open shared object file", {}, MissingExtra),
    ],
)
def test_other_failures_keep_their_advice(monkeypatch, problem, builds, kind):
    """Only what a build for GPUs lacks is put down to it; the builds that are there are those to take out."""
    monkeypatch.setattr(installation, "_version", {"mlx": "0.32.4", **builds}.get)
    fault = import_fault("mlx:tiny", ImportError(problem))
    assert type(fault) is kind
    assert all(f"uninstall -y {build}" in str(fault) for build in builds if kind is ModelLoadFailed)
    if kind is ModelLoadFailed:
        assert "mlx-cpu==0.32.4" in str(fault)
