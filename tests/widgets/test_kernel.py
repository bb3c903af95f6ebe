"""Runs and servers in a real kernel, without a browser: interrupted, stopped by a button, two at once."""

import asyncio
import queue
import time
from contextlib import suppress

import nbformat
import pytest
from jupyter_client import KernelManager

WAIT_S = 120
SETUP = """
import pandas as pd
import vlmkit as vk
from vlmkit.backends.fake import FakeBackend
from PIL import Image
images = [Image.new("RGB", (20 + n, 20), "teal") for n in range(30)]
table = pd.DataFrame({"image": images})

def slow(answers):
    return FakeBackend(replies="fine", delay_s=[0.0] * answers + [600.0] * 100)
"""


class Kernel:
    """A kernel, what its cells said, and the widgets it made."""

    def __init__(self, folder):
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=WAIT_S)
        self.widgets, self.displayed, self.printed = {}, [], []
        self._idle = set()

    def listen(self, timeout_s):
        """Take in what the kernel says, for so long at most."""
        with suppress(queue.Empty):
            message = self.client.get_iopub_msg(timeout=timeout_s)
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                self.printed.append(content["text"])
            elif kind == "display_data":
                self.displayed.append(content["data"])
            elif kind == "comm_open":
                self.widgets[content["comm_id"]] = dict(content["data"]["state"])
            elif kind == "comm_msg" and content["data"].get("method") == "update":
                self.widgets[content["comm_id"]] |= content["data"]["state"]
            elif kind == "status" and content["execution_state"] == "idle":
                self._idle.add(message["parent_header"]["msg_id"])

    def until(self, is_true):
        """Wait for something that happens in the kernel."""
        deadline_s = time.monotonic() + WAIT_S
        while not is_true():
            assert time.monotonic() < deadline_s
            self.listen(0.1)

    def begin(self, code, *, watched=True):
        """Run a cell as somebody at a notebook does, without waiting."""
        self.printed.clear()
        return self.client.execute(code, allow_stdin=watched)

    def end(self, cell):
        """Wait for a cell; gives how it ended, and what it printed."""
        self.until(lambda: cell in self._idle)
        while (reply := self.client.get_shell_msg(timeout=WAIT_S))["parent_header"]["msg_id"] != cell:
            pass
        return reply["content"].get("ename", "ok"), "".join(self.printed)

    def run(self, code, **options):
        """Both."""
        return self.end(self.begin(code, **options))

    def values(self):
        """Everything that its widgets show."""
        return [str(state.get("value")) for state in self.widgets.values()]

    def shows(self, text):
        """Whether one of its widgets shows this and nothing else."""
        return text in self.values()

    def press(self, description):
        """Press a button, as a front end does."""
        (button,) = [name for name, state in self.widgets.items() if state.get("description") == description]
        content = {"comm_id": button, "data": {"method": "custom", "content": {"event": "click"}}}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """One for all these tests."""
    started = Kernel(tmp_path_factory.mktemp("kernel"))
    assert started.run(SETUP)[0] == "ok"
    yield started
    started.close()


@pytest.fixture(autouse=True)
def nothing_shown_yet(kernel):
    """Each test looks at its own widgets."""
    kernel.widgets.clear()
    kernel.displayed.clear()


def test_an_interrupt_keeps_the_rows_and_the_panel_ends(kernel):
    """The panel says so beforehand, and shows in the end what was done."""
    cell = kernel.begin("vk.caption(table, model=slow(3), store=False, workers=1)")
    kernel.until(lambda: kernel.shows("3 of 30 · 1 active"))
    assert any("interrupt the kernel" in value for value in kernel.values())
    kernel.manager.interrupt_kernel()
    assert kernel.end(cell)[0] == "KeyboardInterrupt"
    kernel.until(lambda: any("stopped, 27 not asked" in value for value in kernel.values()))
    assert kernel.run("import sys; print(sys.last_value.partial['caption'].notna().sum())") == ("ok", "3\n")


def test_the_stop_button_of_a_run_in_the_background(kernel):
    """The cell is over at once, the kernel goes on computing, and the button is served."""
    assert kernel.run("run = vk.caption(table, model=slow(4), store=False, background=True, workers=1)") == ("ok", "")
    assert kernel.run("print(6 * 7)") == ("ok", "42\n")
    kernel.until(lambda: kernel.shows("4 of 30 · 1 active"))
    kernel.press("Stop")
    kernel.until(lambda: any("stopped, 26 not asked" in value for value in kernel.values()))
    assert kernel.run("print(run.wait(60)['caption'].notna().sum(), run.state)") == ("ok", "4 stopped\n")


def test_the_button_is_served_while_a_cell_awaits(kernel):
    """The notebook waits, and can still be stopped; the table so far is the cell's."""
    cell = kernel.begin(
        "result = await vk.caption(table, model=slow(2), store=False, background=True, workers=1)\n"
        "print(result['caption'].notna().sum())"
    )
    kernel.until(lambda: kernel.shows("2 of 30 · 1 active"))
    kernel.press("Stop")
    assert kernel.end(cell) == ("ok", "2\n")


@pytest.mark.parametrize("waiting", ["run.wait()", "await run"])
def test_an_interrupt_while_waiting_stops_the_run(kernel, waiting):
    """What is done is in its frame."""
    kernel.run("run = vk.caption(table, model=slow(2), store=False, background=True, workers=1)")
    cell = kernel.begin(waiting)
    kernel.until(lambda: kernel.shows("2 of 30 · 1 active"))
    kernel.manager.interrupt_kernel()
    assert kernel.end(cell)[0] in {"KeyboardInterrupt", "CancelledError"}
    assert kernel.run("print(run.state, run.frame['caption'].notna().sum())") == ("ok", "stopped 2\n")


@pytest.mark.core_model
def test_two_runs_at_once_share_a_model(kernel):
    """Two panels, two tables."""
    kernel.run(
        "one = vk.caption(table.head(4), model='tiny', store=False, background=True)\n"
        "two = vk.ask(table.head(3), 'How many objects are there?', model='tiny', store=False, background=True)"
    )
    done = kernel.run(
        "from vlmkit.backends import shared\n"
        "print(one.wait(100)['caption'].notna().sum(), two.wait(100)['answer'].notna().sum(), shared.loaded_models())"
    )
    assert done == ("ok", "4 3 {'mlx:tiny'}\n")
    assert len(kernel.displayed) == 2


def test_a_server_shows_its_state_and_is_stopped_by_its_button(kernel):
    """While cells ask it, and with no cell running."""
    assert kernel.run("server = vk.serve('fake:echo'); display(server)") == ("ok", "")
    (shown,) = kernel.displayed
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "base_url=" in shown["text/plain"]
    kernel.until(lambda: any("loaded" in value for value in kernel.values()))
    asked = """
import httpx
body = {"model": "fake:echo", "messages": [{"role": "user", "content": "one two three"}]}
print(httpx.post(f"{server.url}/chat/completions", json=body, timeout=60).status_code)
"""
    assert kernel.run(asked) == ("ok", "200\n")
    kernel.until(lambda: any("3 tokens written" in value for value in kernel.values()))
    kernel.press("Stop")
    kernel.until(lambda: any("was stopped" in value for value in kernel.values()))
    assert kernel.run("print(server.is_running)") == ("ok", "False\n")


def test_a_notebook_that_a_program_executes_shows_no_panel(kernel):
    """Its outputs are the same on every machine; whoever wants one anyway says so."""
    kernel.run("vk.caption(table, model=slow(30), store=False);", watched=False)
    assert kernel.displayed == []
    kernel.run("vk.caption(table, model=slow(30), store=False, progress=True);", watched=False)
    (shown,) = kernel.displayed
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"] == "caption: a run; see its table"


def test_executing_a_notebook_asks_for_nobody(tmp_path):
    """What nbclient, and with it every converter, does is what the panel takes for nobody watching."""
    from nbclient import NotebookClient

    cell = nbformat.v4.new_code_cell("print(get_ipython().parent_header['content']['allow_stdin'])")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client = NotebookClient(
        notebook, timeout=WAIT_S, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    asyncio.run(client.async_execute())
    assert notebook.cells[0].outputs[0]["text"] == "False\n"
