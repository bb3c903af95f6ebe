"""`vlmkit mcp`: what is written wrongly, what hosts are given, and the server over HTTP; stdio has its own tests."""

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client

from vlmkit.cli.entry import run

SCENES = Path(__file__).resolve().parents[3] / "datasets" / "scenes"
VLMKIT = str(Path(sys.executable).parent / "vlmkit")


@pytest.fixture
def cli(capsys):
    """Runs the command in this process; gives exit status, output and what was said."""

    def call(*arguments):
        status = run(arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-"], "is standard input"),
        (["a", "--write"], "--write and --out go together"),
        (["a", "--out", "x"], "--write and --out go together"),
        (["a", "--yes"], "--yes goes with --write"),
        (["a", "--port", "0"], "--port goes with --http"),
        (["a", "--key-file", "k"], "--key-file goes with --http"),
        (["a", "b", "--from", "csv"], "one table at a time"),
        (["a", "--http", "--port", "many"], "port"),
        (["a", "--config", "emacs"], "emacs"),
        ([], "PATHS"),
    ],
)
def test_what_is_written_wrongly_is_said(cli, arguments, said):
    """Exit status 2, before anything is opened."""
    code, out, error = cli("mcp", *arguments, "-m", "tiny")
    assert (code, out) == (2, "")
    assert said in error


def test_what_cannot_be_served_is_said(cli):
    """A model that nobody named or knows, other machines without a key: exit status 1."""
    for arguments, said in (
        ([], "No model was named"),
        (["-m", "olama:m"], "olama"),
        (["-m", "tiny", "--http", "--host", "0.0.0.0"], "there is no key"),
    ):
        code, out, error = cli("mcp", str(SCENES), *arguments)
        assert (code, out) == (1, "")
        assert said in error


def test_hosts_are_given_whole_paths(cli, tmp_path, monkeypatch):
    """As they start the command anywhere, with the model in force here; nothing is written anywhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my photos").mkdir()
    monkeypatch.setenv("VISION_MODEL", "tiny")
    given = ["-r", "--write", "--out", "out", "--allow-remote", "--name", "shop"]
    code, out, error = cli("mcp", "my photos", *given, "--config", "claude")
    server = json.loads(out)["mcpServers"]["shop"]
    assert (code, Path(server["command"]).is_absolute()) == (0, True)
    expected = ["mcp", str(tmp_path / "my photos"), "--model", "mlx:tiny", "--out", str(tmp_path / "out")]
    assert server["args"][-9:] == [*expected, "--recursive", "--write", "--allow-remote"]
    assert "claude_desktop_config.json" in error
    assert [path.name for path in tmp_path.iterdir()] == ["my photos"]


def test_a_model_in_a_folder_is_named_by_its_whole_path(cli, tmp_path, monkeypatch):
    """As the host starts the command elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "mine").mkdir(parents=True)
    _, out, _ = cli("mcp", "photos", "-m", "models/mine", "--config", "cursor")
    arguments = json.loads(out)["mcpServers"]["photos"]["args"]
    assert arguments[arguments.index("--model") + 1].endswith(str(tmp_path / "models" / "mine"))


def test_hosts_are_given_an_address(cli):
    """Where they take one."""
    code, out, _ = cli("mcp", "photos", "-m", "tiny", "--http", "--config", "vscode")
    assert json.loads(out)["servers"]["photos"] == {"type": "http", "url": "http://127.0.0.1:2001/mcp"}
    code, out, _ = cli("mcp", "photos", "-m", "tiny", "--http", "--port", "3000", "--config", "claude-code")
    assert shlex.split(out)[-1] == "http://127.0.0.1:3000/mcp"
    code, _, error = cli("mcp", "photos", "-m", "tiny", "--http", "--config", "claude")
    assert (code, "Claude Desktop reads no address" in error) == (1, True)


def test_over_http_it_serves_a_table_until_it_is_terminated(tmp_path):
    """With a key; the log has addresses and no questions."""
    table = tmp_path / "table.csv"
    table.write_text(f"path,caption\n{SCENES / 'scene-001.jpg'},a private word\n")
    command = [VLMKIT, "mcp", str(table), "-m", "fake:echo", "--http", "--port", "0"]
    env = {**os.environ, "VLMKIT_API_KEY": "open-sesame"}
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    try:
        url = re.search(r"at (http://\S+)", next(line for line in process.stderr if "Serving" in line))[1]
        rows = asyncio.run(_rows(url))
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
        process.communicate()
    assert rows.structured_content["rows"][0]["cells"]["caption"] == "a private word"
    assert process.returncode == 0
    assert "POST /mcp 200" in said
    assert "private" not in said
    assert said.endswith("The server was stopped.\n")


async def _rows(url):
    httpx2 = pytest.importorskip("httpx2")
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx2.AsyncClient(headers={"authorization": "Bearer open-sesame"}) as http,
        Client(streamable_http_client(url, http_client=http), read_timeout_seconds=60) as client,
    ):
        return await client.call_tool("list_rows", {})
