"""`vlmkit mcp` on standard input and output, as hosts start and end it; a process each, so there are few tests."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

pytestmark = pytest.mark.core_model

SCENES = Path(__file__).resolve().parents[3] / "datasets" / "scenes"
VLMKIT = str(Path(sys.executable).parent / "vlmkit")
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def call(number, tool, **arguments):
    """A request."""
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


@pytest.fixture
def started(tmp_path):
    """Starts the command; gives its process."""
    processes = []

    def start(*arguments, **options):
        process = subprocess.Popen(
            [VLMKIT, "mcp", *map(str, arguments)],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def tell(process, *messages):
    """Write messages to a server."""
    process.stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
    process.stdin.flush()


def heard(process):
    """The next answer of a server."""
    while "id" not in (message := json.loads(process.stdout.readline())):
        pass
    return message


def test_a_host_gets_answers_of_the_model(tmp_path):
    """As mcp's own client starts it, in the newer era."""
    server = StdioServerParameters(
        command=VLMKIT, args=["mcp", str(SCENES), "--model", "tiny", "--store", "false"], cwd=tmp_path
    )

    async def run():
        async with Client(server, read_timeout_seconds=120) as client:
            question = {"question": "How many objects are there?", "rows": [0, 1, 2], "kind": "count"}
            return client.protocol_version, await client.call_tool("ask", question)

    version, answers = asyncio.run(run())
    assert version == "2026-07-28"
    assert [each["answer"] for each in answers.structured_content["answers"]] == [1, 2, 3]


def test_it_ends_with_its_input_and_says_nothing_but_answers(started):
    """Whatever else is said is on stderr; a line that is no JSON ends nothing."""
    process = started(SCENES, "-m", "tiny", "--store", "false")
    process.stdin.write(b"what?\n")
    tell(process, HELLO, READY, LIST, call(3, "list_rows", count=2))
    answers = {}
    while 3 not in answers:
        message = heard(process)
        answers[message["id"]] = message
    assert answers[1]["result"]["protocolVersion"] == "2025-11-25"
    assert "look" in [tool["name"] for tool in answers[2]["result"]["tools"]]
    assert answers[3]["result"]["structuredContent"]["total"] == 200
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert all("jsonrpc" in json.loads(line) for line in rest.splitlines())


def test_a_folder_that_is_not_there_is_the_error_of_a_call_and_a_line_for_people(started):
    """The server answers all the same; and it ends by SIGTERM as well as with its input."""
    process = started("nowhere", "-m", "tiny")
    tell(process, HELLO)
    assert heard(process)["result"]["serverInfo"]["name"] == "vlmkit"
    tell(process, READY, call(2, "list_rows"))
    result = heard(process)["result"]
    assert result["isError"]
    assert "nowhere" in result["content"][0]["text"]
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "nowhere" in said.decode()


def test_it_ends_by_sigterm_in_the_middle_of_a_call(started):
    """Soon, and with status 0, also while the model is loaded; nothing is said of what that broke off."""
    process = started(SCENES, "-m", "tiny", "--store", "false")
    tell(process, HELLO, READY, call(2, "ask", question="What is it?", rows=list(range(50))))
    heard(process)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.decode()) == (0, "")


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked for in /proc")
def test_a_client_that_is_killed_leaves_no_server_behind(tmp_path):
    """Also in the middle of a call: the model works in a thread that nothing waits for."""
    client = tmp_path / "client.py"
    client.write_text(
        "import json, subprocess, sys\n"
        f"server = subprocess.Popen({[VLMKIT, 'mcp', str(SCENES), '-m', 'tiny', '--store', 'false']!r},\n"
        "    stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)\n"
        f"for message in {[HELLO, READY]!r}:\n"
        "    server.stdin.write(json.dumps(message).encode() + b'\\n')\n"
        "server.stdin.flush()\n"
        "server.stdout.readline()\n"
        f"asked = {call(2, 'ask', question='What is it?', rows=list(range(50)))!r}\n"
        "server.stdin.write(json.dumps(asked).encode() + b'\\n')\n"
        "server.stdin.flush()\n"
        "print(server.pid, flush=True)\n"
        "server.wait()\n"
    )
    host = subprocess.Popen([sys.executable, str(client)], stdout=subprocess.PIPE, text=True)
    server = int(host.stdout.readline())
    host.kill()
    host.communicate()
    end_s = time.monotonic() + 60
    while is_alive(server) and time.monotonic() < end_s:
        time.sleep(0.1)
    assert not is_alive(server)


def is_alive(number):
    """Whether a process works; one that waits to be read is no more."""
    try:
        state = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    return re.sub(r".*\) ", "", state)[0] not in "ZX"


def test_output_that_nobody_reads_any_more_is_the_end(started):
    """A host that closed its side is gone."""
    process = started(SCENES, "-m", "tiny")
    tell(process, HELLO)
    heard(process)
    process.stdout.close()
    process.stdout = Path(os.devnull).open("rb")  # noqa: SIM115  closed by communicate
    tell(process, READY, LIST)
    process.stdin.close()
    assert process.wait(60) == 0
    process.stdin = None
