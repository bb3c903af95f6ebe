"""The child as a process: it brings no MLX to its parent, outlives nobody, and ends itself where its desk is lost."""

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest
import scripted_child

from vlmkit.engines import locate
from vlmkit.engines.isolation import process
from vlmkit.engines.mlx import open_engine
from vlmkit.errors import BackendError
from vlmkit.records import Ask, one_question

# No `if __name__ == "__main__"`: what starts the child does not run the script again.
SCRIPT = """
import sys, time
import vlmkit as vk
from vlmkit.engines.isolation import process
from vlmkit.records import Ask, one_question
process._PROGRAM = sys.argv[1]
engine = vk.load("tiny", isolate_model=True)
text = engine.generate(None, "Hello", max_tokens=3).text
heavy = [name for name in ("mlx", "mlx_vlm", "transformers") if name in sys.modules]
print([engine.process_id, heavy], flush=True)
if "stay" in sys.argv:
    engine.submit(Ask(messages=one_question(sys.argv[-1])))
    time.sleep(600)
"""


def _is_running(pid):
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(shown.strip()) and not shown.strip().startswith("Z")


def _gone(pid, within_s=30):
    end_s = time.monotonic() + within_s
    while _is_running(pid) and time.monotonic() < end_s:
        time.sleep(0.05)
    return not _is_running(pid)


def test_a_script_needs_no_guard_and_leaves_no_child(fresh_python):
    """MLX is never imported where the model is asked; at the end nothing is printed and nothing is left."""
    done = fresh_python(SCRIPT, process._PROGRAM)
    child, heavy = json.loads(done.stdout.replace("'", '"'))
    assert heavy == []
    assert done.stderr == ""
    assert _gone(child)


def test_no_child_outlives_its_parent():
    """The parent is killed while the child is deaf: none of its own threads can notice."""
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, scripted_child.POISONED, "stay", "deaf"], stdout=subprocess.PIPE, text=True
    )
    child, _ = json.loads(parent.stdout.readline().replace("'", '"'))
    time.sleep(0.5)
    assert _is_running(child)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert _gone(child)


@pytest.fixture
def looping(tmp_path):
    """A checkpoint whose template never comes to an end for one word."""
    directory = shutil.copytree(locate.find("tiny").directory, tmp_path / "looping")
    template = directory / "chat_template.jinja"
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    text = template.read_text(encoding="utf-8")
    template.write_text("{% if 'spin' in messages | string %}" + loop + "{% endif %}" + text, encoding="utf-8")
    return directory


@pytest.mark.slow_test
def test_a_checkpoint_that_loops_costs_one_row(looping):
    """Its ask ends; the process stays, and other asks are answered."""
    with open_engine(str(looping), isolate_model=True) as engine:
        spin = engine.submit(Ask(messages=one_question("spin"), timeout_s=2.0))
        assert isinstance(spin.exception(300), BackendError)
        assert engine.submit(Ask(messages=one_question("Hello"))).result(300).text
