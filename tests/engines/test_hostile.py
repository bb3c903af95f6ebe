"""Checkpoints that want to harm: each ends in an error of ours, soon and in little memory."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_checkpoints import AT_ONCE, LATER

SUPPORT = Path(__file__).parents[1] / "support"
HEAD = f"""
import json, resource, sys, tempfile
from pathlib import Path
sys.path.insert(0, {str(SUPPORT)!r})
import hostile_checkpoints as hostile
from vlmkit.errors import VlmkitError
resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30,) * 2)

def peak_megabytes():
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
    lines = open("/proc/self/status").read().splitlines()  # there getrusage begins with what the parent had
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))

def told(number, change, use):
    with tempfile.TemporaryDirectory() as folder:
        try:
            return use(str(hostile.make(Path(folder) / str(number), change)))
        except VlmkitError as error:
            return type(error).__name__ + " " + str(error)

def asked(folder, prompt="Hi"):
    from vlmkit.engines.mlx import open_engine
    from vlmkit.records import Ask, Sampling, one_question
    with open_engine(folder) as engine:
        return engine.submit(Ask(messages=one_question(prompt), sampling=Sampling(max_tokens=2))).result(60).text
"""
BODY = """
for number, (name, change) in enumerate(getattr(hostile, {cases!r}).items()):
    print(json.dumps([name, told(number, change, {use})]), flush=True)
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="this system has no pipes in folders")


@pytest.fixture
def outcomes(tmp_path):
    """Run in a process of its own, which is ended should it hang; gives what it printed."""

    def run(body):
        environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", HEAD + body],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
        )
        assert done.returncode == 0, (done.stdout[-500:], done.stderr[-2000:])
        return dict(json.loads(line) for line in done.stdout.splitlines())

    return run


def test_most_is_refused_before_anything_is_loaded(outcomes):
    """By its files alone: pipes, sizes, depth, numbers, rules that multiply. None of them costs a hundred megabytes."""
    body = "from vlmkit.engines.inspection import inspect\n"
    body += BODY.format(cases="AT_ONCE", use="lambda folder: inspect(Path(folder), name='m') and 'taken'")
    body += "print(json.dumps(['megabytes', peak_megabytes()]))\n"
    told = outcomes(body)
    assert told.pop("megabytes") < 250
    assert told.keys() == AT_ONCE.keys()
    assert not [name for name, outcome in told.items() if not outcome.startswith("ModelLoadFailed m: ")]
    assert "num_hidden_layers is 3000000 in its config.json" in told["three million layers"]
    assert "is a pipe or a device" in told["a pipe: config.json"]
    assert "nested too deeply" in told["a deep config"]


def test_the_rest_is_refused_when_it_shows(outcomes):
    """While it is loaded or tried, with a model's or its template's name; one after another in the same process."""
    told = outcomes(BODY.format(cases="LATER", use="asked"))
    assert told.keys() == LATER.keys()
    assert not told.pop("untouched").startswith("ModelLoadFailed")
    assert not [name for name, outcome in told.items() if not outcome.startswith("ModelLoadFailed")]
    assert all("its chat template" in outcome for name, outcome in told.items() if name.startswith("a template"))
    assert "longest_edge is 200000" in told["a longest edge of 200,000"]


def test_a_tokenizer_without_end_is_given_up(outcomes):
    """On a text that it has no end with; the desk is lost to it, and the next model has another."""
    body = (
        "from vlmkit.engines import blas\n"
        "from vlmkit.engines.desk import desk\n"
        "blas.prepare()\n"
        "desk().call(lambda: __import__('vlmkit.engines.language'))\n"
        "from vlmkit.engines import language\n"
        "language._PREPARING_S = language._TOKENIZING_S = 1.0\n"
        "print(json.dumps(['endless', told(1, hostile.ENDLESS, lambda folder: asked(folder, 'x' * 48))]), flush=True)\n"
        "print(json.dumps(['untouched', told(2, lambda folder: None, asked)]), flush=True)\n"
    )
    told = outcomes(body)
    # On a fast machine its library gives up first, and panics.
    assert told["endless"].startswith(("TimedOut", "ServerFault"))
    assert re.search("making tokens and pixels of a question did not|PanicException", told["endless"])
    assert not told["untouched"].startswith("ModelLoadFailed")


SEEDS = [pytest.param(range(12), id="few"), pytest.param(range(1000, 1250), id="many", marks=pytest.mark.slow_test)]


@pytest.mark.parametrize("seeds", SEEDS)
def test_settings_changed_at_random_end_in_an_answer_or_an_error(outcomes, seeds):
    """Of ours, whatever was changed to whatever; another exception, a crash or a hang would end the process."""
    body = (
        f"for seed in range({seeds.start}, {seeds.stop}):\n"
        "    print(json.dumps([seed, told(seed, hostile.mutated(seed), asked)]), flush=True)\n"
    )
    told = outcomes(body)
    assert list(told) == list(seeds)
