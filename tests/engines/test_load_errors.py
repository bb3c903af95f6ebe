"""What is advised where a model cannot be loaded."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from vlmkit.engines import load_errors
from vlmkit.engines.inspection import Checkpoint
from vlmkit.engines.load_errors import explain_load_error, import_fault
from vlmkit.errors import MissingExtra, ModelLoadFailed

WHOLE = Checkpoint(
    directory=Path("model"),
    config={},
    model_type="llava",
    parameters=1,
    weight_bytes=1,
    quantization=None,
    context_length=None,
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("[malloc] Unable to allocate 9 bytes"), "close other programs or name a smaller model"),
        (MemoryError(), "out of memory"),
        (ValueError("pass trust_remote_code=True"), "allow_code=<the model's name>"),
        (ValueError("Received 37 parameters not in model: \na.b,\na.c"), "another variant of the family"),
        (ValueError("Missing 2 parameters: \na.b"), "another variant of the family"),
        (ValueError("Expected shape (3, 4) but received shape (4, 3) for parameter x"), "other shapes"),
        (ValueError("Unsupported model type: pixtral"), "does not have what its config.json names"),
        (ValueError("Model type x not supported. Currently only 'davit' is supported"), "does not have what"),
        (TypeError("TextConfig.__init__() missing 1 required positional argument: 'rope_theta'"), "does not name"),
        (ValueError("[AvgPool2d] 'kernel_size' must be positive but got (0, 0)."), "does not name"),
        (TypeError("ImagesKwargs.__init__() got an unexpected keyword argument 'padding'"), "another version of"),
        (KeyError("x"), "Its files are whole"),
    ],
)
def test_an_error_is_explained_by_what_it_means(error, words):
    """And never by files that may be incomplete, as they are not."""
    text = explain_load_error("mlx:m cannot be loaded", error, WHOLE)
    assert text.startswith(f"mlx:m cannot be loaded: {type(error).__name__}: ")
    assert words in text
    assert "again" not in text


def test_missing_files_are_what_an_error_comes_from():
    """Named, with what brings them."""
    text = explain_load_error(
        "mlx:m cannot be loaded", OSError("x"), replace(WHOLE, missing="a tokenizer (tokenizer.json)")
    )
    assert text.endswith("OSError: x. model lacks a tokenizer (tokenizer.json): get the model again, whole.")


def test_pages_of_names_are_cut():
    """A message is for reading."""
    text = explain_load_error(
        "m", ValueError("Received 900 parameters not in model: \n" + ",\n".join(["tower.layer"] * 900)), WHOLE
    )
    assert len(text) < 800
    assert "\n" not in text


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
    monkeypatch.setattr(load_errors, "_version", {"mlx": "0.32.4", **builds}.get)
    fault = import_fault("mlx:tiny", ImportError(problem))
    assert type(fault) is kind
    assert all(f"uninstall -y {build}" in str(fault) for build in builds if kind is ModelLoadFailed)
    if kind is ModelLoadFailed:
        assert "mlx-cpu==0.32.4" in str(fault)
