"""Client libraries in environments of their own, on a real server with the bundled model; see install_clients.sh."""

import functools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

import vlmkit as vk
from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.records import Message, ToolCall

pytestmark = [pytest.mark.live, pytest.mark.core_model]

HERE = Path(__file__).parent / "clients"
PYTHON_CLIENTS = {
    "llm": "ask_llm.py",
    "langchain-openai": "ask_langchain.py",
    "pydantic-ai-slim": "ask_pydantic_ai.py",
    "litellm": "ask_litellm.py",
    "openai-agents": "ask_openai_agents.py",
    "smolagents": "ask_smolagents.py",
}
NODE_CLIENTS = {"openai-js": ("openai", "ask_openai.mjs"), "ai-sdk": ("ai", "ask_ai_sdk.mjs")}
START_S = 300  # imports of thousands of files, on a busy machine


def calls_then_tells(ask):
    """A call first, and what came of it then: in words, or by the tool that some agents have for it."""
    painted = re.search(r"painted \w+", ask.messages[-1].text)
    told = f"It is {painted[0]}." if painted else ""
    if told and not any(tool.name == "final_answer" for tool in ask.tools):
        return told
    name, arguments = ("final_answer", {"answer": told}) if told else ("paint", {"color": "red"})
    return Message(role="assistant", tool_calls=(ToolCall(id="call_1", name=name, arguments=json.dumps(arguments)),))


@pytest.fixture(scope="module")
def address():
    """Where the bundled model is, with one that tells what it sees and one that calls a tool."""
    caller = FakeBackend("caller", replies=calls_then_tells, abilities=Abilities(tools=True))
    server = vk.serve({"tiny": "tiny", "echo": "fake:echo", "caller": caller}, max_loaded=3)
    try:
        yield server.url
    finally:
        server.stop()


def command_of(name, folder):
    """How a client is started; skips where it is not installed."""
    if name in PYTHON_CLIENTS:
        python = folder / name / "bin" / "python"
        command = [str(python), str(HERE / PYTHON_CLIENTS[name])] if python.exists() else None
    else:  # a module finds its packages from where it lies
        package, script = NODE_CLIENTS[name]
        node, is_there = shutil.which("node"), (folder / name / "node_modules" / package).exists()
        for module in HERE.glob("*.mjs") if is_there else ():
            shutil.copy(module, folder / name)
        command = [node, str(folder / name / script)] if node and is_there else None
    if command is None:
        pytest.skip(f"no environment for {name}: run tests/server/install_clients.sh, name it in VLMKIT_CLIENTS")
    return command


@pytest.fixture(scope="module")
def answers(address, tmp_path_factory):
    """What a client got from the server, by what it did; each client runs once."""
    picture = tmp_path_factory.mktemp("clients") / "seen.png"
    Image.new("RGB", (48, 32), "teal").save(picture)

    @functools.cache
    def run(name):
        folder = os.environ.get("VLMKIT_CLIENTS")
        if folder is None:
            pytest.skip("no clients: run tests/server/install_clients.sh, name their folder in VLMKIT_CLIENTS")
        command = [*command_of(name, Path(folder)), address, str(picture)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=START_S, check=False)
        assert ended.returncode == 0, ended.stderr[-2000:]
        return json.loads(ended.stdout.splitlines()[-1])

    return run


@pytest.mark.parametrize("client", [*PYTHON_CLIENTS, *NODE_CLIENTS])
class TestClients:
    def test_gets_a_text(self, answers, client):
        """One that the model wrote."""
        assert isinstance(answers(client)["text"], str)
        assert answers(client)["text"]

    def test_shows_a_picture(self, answers, client):
        """Its pixels arrive."""
        assert answers(client)["picture"] == "48x32 image/png: Look."

    def test_reads_a_stream(self, answers, client):
        """In pieces that make the whole answer."""
        assert "".join(answers(client)["stream"]) == answers(client)["text"]

    def test_runs_a_tool(self, answers, client):
        """The call reaches the tool, and its result the model."""
        assert answers(client)["tools"] == "It is painted red."

    def test_gets_an_answer_in_a_schema(self, answers, client):
        """With the fields and values that the schema allows."""
        color = json.loads(answers(client)["structured"])
        assert color.keys() == {"color", "times"}
        assert color["color"] in {"red", "blue"}
        assert isinstance(color["times"], int)

    def test_says_what_was_wrong(self, answers, client):
        """In the server's words: which models there are."""
        told = " ".join(map(str, answers(client)["errors"]))
        assert "nobody" in told
        assert "tiny" in told
