"""Every fuzzer for a moment, with other inputs each time; its own command runs it for as long as one likes."""

import importlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.driving import Fuzzer, run
from tests.fuzz.mutating import from_bytes, mutated_json

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if "\nFUZZER = Fuzzer(" in path.read_text())
SLOW = {"checkpoints"}  # a model is loaded for each input


def tried(name, folder, cpu_s):
    fuzzer = importlib.import_module(f"tests.fuzz.{name}").FUZZER
    seed = int.from_bytes(os.urandom(4), "big")
    account = run(fuzzer, cpu_s=cpu_s, folder=folder, seed=seed, least=3)
    told = "\n".join(f"{reason}\n  {saved.read_bytes()[:3000]!r}" for saved, reason in account.failures.values())
    assert not account.failures, f"seed {seed}: python -m tests.fuzz.{name} --seed {seed}\n{told}"
    return account


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW])
def test_hostile_inputs_are_read_as_promised(name, tmp_path, monkeypatch, capfd):
    """A typed fault or an honest value; what fails says its seed and its input."""
    monkeypatch.setenv("VLMKIT_STORE", "false")
    assert tried(name, tmp_path, cpu_s=0.5).tried >= 3
    assert not list(tmp_path.iterdir())


@pytest.mark.slow_test
@pytest.mark.parametrize("name", NAMES)
def test_many_hostile_inputs_are_read_as_promised(name, tmp_path, monkeypatch, capfd):
    """The same for a minute each."""
    monkeypatch.setenv("VLMKIT_STORE", "false")
    tried(name, tmp_path, cpu_s=60)


def test_a_seed_gives_the_same_inputs():
    """So that a failure can be had again."""
    for name in NAMES:
        make = importlib.import_module(f"tests.fuzz.{name}").FUZZER.make
        first, again = random.Random(7), random.Random(7)
        assert [make(first) for _ in range(5)] == [make(again) for _ in range(5)], name


def test_a_failure_is_kept_and_told_once_per_kind(tmp_path):
    """With the first input that had it; those that were survived leave nothing."""

    def check(data):
        if data > b"\x80":
            raise KeyError(f"number {data[0]}")

    fuzzer = Fuzzer(name="odd", make=lambda draw: bytes([draw.randrange(256)]), check=check)
    account = run(fuzzer, cpu_s=0.0, folder=tmp_path, seed=1, least=200)
    assert account.tried == 200
    ((saved, reason),) = account.failures.values()
    assert saved.read_bytes() > b"\x80"
    assert "KeyError: 'number " in reason
    assert [path.name for path in tmp_path.iterdir()] == ["odd-01.bin"]


def test_the_command_runs_and_replays(tmp_path):
    """As the README has it; 0 where all was as promised."""
    command = [sys.executable, "-m", "tests.fuzz.replies"]
    first = subprocess.run(
        [*command, "--minutes", "0.005", "--save", tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "0 kinds of failure" in first.stdout
    file = tmp_path / "input.bin"
    file.write_bytes(b'[0, "stop", "A cat."]')
    again = subprocess.run([*command, "--replay", file], cwd=ROOT, capture_output=True, text=True, check=True)
    assert again.stdout.endswith("as promised\n")


def test_json_is_damaged_without_touching_the_original():
    """Sources of mutants are used again."""
    value = {"a": [1, {"b": "c"}], "d": None}
    draw = random.Random(3)
    assert any(mutated_json(draw, value) != value for _ in range(20))
    assert value == {"a": [1, {"b": "c"}], "d": None}
    assert from_bytes(b"\xff") is None
