"""Servers that everybody uses, as tools, and the protocol's own judge of clients; see install_servers.sh."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from mcp_servers import holds
from PIL import Image

from vlmkit.agent import Server, read_servers

FOLDER = Path(os.environ.get("VLMKIT_MCP_SERVERS", ""))
BIN = FOLDER / "node_modules" / ".bin"
CLIENT = Path(__file__).with_name("conformance_client.py")
EVERYTHING = FOLDER / "node_modules/@modelcontextprotocol/server-everything/dist/index.js"

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        not (os.environ.get("VLMKIT_MCP_SERVERS") and (BIN / "conformance").exists()),
        reason="VLMKIT_MCP_SERVERS names no folder with servers: bash tests/agent/mcp_client/install_servers.sh FOLDER",
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the file server may read: a text and a picture."""
    found = tmp_path_factory.mktemp("files").resolve()
    (found / "a.txt").write_text("hello", encoding="utf-8")
    Image.new("RGB", (40, 20), "red").save(found / "a.png")
    return found


@pytest.fixture(scope="module")
def servers(folder):
    """Three servers at once, as a file names them."""
    content = {
        "mcpServers": {
            "everything": {"command": str(BIN / "mcp-server-everything"), "args": ["stdio"]},
            "files": {"command": str(BIN / "mcp-server-filesystem"), "args": ["${FILES}"]},
            "memory": {"command": str(BIN / "mcp-server-memory"), "env": {"MEMORY_FILE_PATH": "${FILES}/memory.json"}},
        }
    }
    file = folder / "mcp.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    path = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**path, "FILES": str(folder)}.items():
            patch.setenv(name, value)
        with read_servers(file) as found:
            yield found


def test_all_their_tools_are_there(servers):
    """Those that write need consent, those that read do not."""
    tools = {tool.display_name: tool for tool in servers.tools()}
    assert servers.faults == {}
    assert len(tools) > 30
    assert not tools["files::read_text_file"].needs_consent
    assert tools["files::write_file"].needs_consent
    assert tools["memory::create_entities"].needs_consent


def test_everything(servers):
    """Texts, sums, a picture, data, links, a long operation, wrong arguments."""
    call = servers["everything"].call
    assert call("echo", {"message": "hi"}).text == "Echo: hi"
    assert "5" in call("get-sum", {"a": 2, "b": 3}).text
    (picture,) = call("get-tiny-image").pictures
    assert picture.source.startswith(b"\x89PNG")
    assert call("get-structured-content", {"location": "New York"}).data.keys() == {
        "temperature",
        "conditions",
        "humidity",
    }
    assert "demo://resource" in call("get-resource-links", {"count": 2}).text
    assert "completed" in call("trigger-long-running-operation", {"duration": 1, "steps": 2}).text
    assert call("get-sum", {"a": "x"}).failed


def test_files(servers, folder):
    """A picture comes as one, though the server repeats it in its data; other folders are refused."""
    call = servers["files"].call
    assert call("read_text_file", {"path": str(folder / "a.txt")}).text == "hello"
    found = call("read_media_file", {"path": str(folder / "a.png")})
    (picture,) = found.shrunk(64).pictures
    assert (picture.width, picture.height) == (40, 20)
    assert len(found.text) + len(str(found.data)) < 300
    refused = call("read_text_file", {"path": "/etc/passwd"})
    assert refused.failed
    assert "Access denied" in refused.text


def test_memory(servers, folder):
    """What is written can be found, in the file that the server itself writes."""
    entity = {"name": "shop", "entityType": "place", "observations": ["broken shutter"]}
    servers["memory"].call("create_entities", {"entities": [entity]})
    assert "broken shutter" in servers["memory"].call("search_nodes", {"query": "shutter"}).text
    assert "broken shutter" in (folder / "memory.json").read_text(encoding="utf-8")


def listens(port):
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


def test_everything_at_an_address():
    """Over HTTP, started by another."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PORT": str(port)}
    with subprocess.Popen([BIN / "node", EVERYTHING, "streamableHttp"], env=environment) as process:
        try:
            assert holds(lambda: listens(port))
            with Server(f"http://127.0.0.1:{port}/mcp") as server:
                assert len(server.tools()) > 5
                assert server.call("echo", {"message": "hi"}).text == "Echo: hi"
        finally:
            process.kill()


@pytest.mark.parametrize("scenario", ["initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry"])
def test_the_judge_of_clients(scenario):
    """Every check of every scenario of clients that has to do with tools."""
    done = subprocess.run(
        [BIN / "conformance", "client", "--command", f"{sys.executable} {CLIENT}", "--scenario", scenario],
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed, 0 warnings" in done.stdout + done.stderr
