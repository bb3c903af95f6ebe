"""Hosts and judges of other people on our MCP server, with the bundled model; see install_hosts.sh."""

import base64
import functools
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import vlmkit as vk

pytestmark = [pytest.mark.live, pytest.mark.core_model]

ROOT = Path(__file__).resolve().parents[3]
SCENES = ROOT / "datasets" / "scenes"
HERE = Path(__file__).parent / "hosts"
SERVER = [str(Path(sys.executable).parent / "vlmkit"), "mcp", str(SCENES), "--model", "tiny", "--store", "false"]
LIBRARIES = {"openai-agents": "ask_openai_agents.py", "pydantic-ai-slim": "ask_pydantic_ai.py"}
TOOLS = ["describe_table", "list_rows", "find_rows", "filter_rows", "summarize", "look", "crop", "ask"]
TOOLS += ["describe_image", "run_status"]
SCENARIOS = ["server-initialize", "ping", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection"]
LONGEST_S = 300  # thousands of files are imported, on a busy machine


def folder():
    """Where the hosts are; skips where they are not."""
    named = os.environ.get("VLMKIT_MCP_HOSTS")
    if named is None:
        pytest.skip("no hosts: run tests/agent/mcp_server/install_hosts.sh, name their folder in VLMKIT_MCP_HOSTS")
    return Path(named)


def on_node(name, *arguments, home):
    """What a judge that runs on node says."""
    modules = folder() / "node" / "node_modules"
    (node,) = modules.glob("node-*/bin")
    env = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)}
    return subprocess.run(
        [str(modules / ".bin" / name), *arguments],
        env=env,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )


@pytest.fixture
def inspected(tmp_path):
    """What the Inspector gets from our server, as JSON."""

    def inspect(*arguments, server=SERVER):
        done = on_node("mcp-inspector", "--cli", *server, *arguments, home=tmp_path)
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
        return json.loads(done.stdout)

    return inspect


class TestInspector:
    @pytest.mark.parametrize("more", [[], ["--write", "--out", "out"]], ids=["reading", "writing"])
    def test_finds_every_schema_portable(self, inspected, more):
        """It is strict about what other hosts refuse."""
        tools = inspected("--method", "tools/list", "--strict", server=[*SERVER, *more])["tools"]
        assert [tool["name"] for tool in tools][: len(TOOLS)] == TOOLS
        assert all(tool["annotations"]["readOnlyHint"] for tool in tools[: len(TOOLS)])

    def test_calls_tools(self, inspected):
        """The model answers, and pictures are pictures."""
        question = ["--tool-arg", "rows=[0,1,2]", "--tool-arg", "question=How many objects are there?"]
        asked = inspected("--method", "tools/call", "--tool-name", "ask", *question, "--tool-arg", "kind=count")
        assert [each["answer"] for each in asked["structuredContent"]["answers"]] == [1, 2, 3]
        look = inspected("--method", "tools/call", "--tool-name", "look", "--tool-arg", "rows=[0,1]")
        assert [block["type"] for block in look["content"]] == ["text", "image", "image"]

    def test_reads_a_picture_as_a_resource(self, inspected):
        """By its row."""
        read = inspected("--method", "resources/read", "--uri", "vlmkit://rows/3/image")
        assert Image.open(io.BytesIO(base64.b64decode(read["contents"][0]["blob"]))).size[0] > 100


@pytest.fixture(scope="module")
def address():
    """A table over HTTP."""
    folder()
    with vk.read_images(SCENES, digest=False).vlm.serve(model="tiny", store=False) as server:
        yield server.url


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_protocols_own_suite_finds_nothing_wrong(address, tmp_path, scenario):
    """In the scenarios that want no tools of the suite's own."""
    done = on_node("conformance", "server", "--url", address, "--scenario", scenario, home=tmp_path)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]


def test_two_hundred_calls_by_eight_at_a_time_are_answered(address, tmp_path):
    """All of them."""
    load = ["--load", "--load-requests", "200", "--load-concurrency", "8"]
    arguments = ["--method", "tools/call", "--tool-name", "list_rows", "--tool-arg", "count=1", *load]
    done = on_node("mcp-inspector", "--cli", address, "--transport", "http", *arguments, home=tmp_path)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    assert json.loads(done.stdout)["ok"] == 200


@pytest.fixture(scope="module")
def seen():
    """What the model of a library got from our server; each library runs once."""

    @functools.cache
    def run(name):
        python = folder() / name / "bin" / "python"
        if not python.exists():
            pytest.skip(f"no environment for {name}: run tests/agent/mcp_server/install_hosts.sh")
        command = [str(python), str(HERE / LIBRARIES[name]), *SERVER]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST_S)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.mark.parametrize("library", LIBRARIES)
class TestLibraries:
    def test_offers_the_tools_to_its_model(self, seen, library):
        """All of them, by their names."""
        assert seen(library)["tools"] == TOOLS

    def test_has_our_model_answer(self, seen, library):
        """For each row."""
        answers = json.loads(seen(library)["ask"])["answers"]
        assert [each["answer"] for each in answers] == [1, 2, 3]

    def test_shows_pictures_to_its_model(self, seen, library):
        """After their text."""
        assert seen(library)["look"] == ["text", "image", "image"]

    def test_tells_its_model_what_was_wrong(self, seen, library):
        """In the words by which it can do better."""
        assert "row 900: the table has rows 0 to 199." in seen(library)["missing"]
