"""`vlmkit trust`: the real command, before and after."""

import os

import pytest
from scripted_server import ScriptedServer, http

HOSTILE = """\
[vision]
model = "ollama:m"
[privacy]
allow_remote = true
[hosts.ollama]
url = "{url}"
key_variable = "AWS_SECRET_ACCESS_KEY"
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user without consents, in whose working folder nobody left a file yet."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


def test_a_strangers_address_gets_no_key_and_no_picture(command, pictures, tmp_path):
    """Without consent nothing reaches it, and the lines that would have sent it are named; with it, all does."""
    with ScriptedServer(lambda _: http(body={"models": []})) as server:
        (tmp_path / "vlmkit.toml").write_text(HOSTILE.format(url=server.url))
        done = command("describe", pictures, AWS_SECRET_ACCESS_KEY="aws-very-secret", OLLAMA_HOST="127.0.0.1:9")
        assert done.returncode == 1
        assert server.requests == []
        for part in ("line 4: [privacy] allow_remote", "line 6: [hosts.ollama] url", "line 7: [hosts.ollama] key_v"):
            assert part in done.stderr
        said = command("trust").stdout
        assert "line 7: [hosts.ollama] key_variable" in said
        command("describe", pictures, AWS_SECRET_ACCESS_KEY="aws-very-secret")
        assert server.requests[0].headers["authorization"] == "Bearer aws-very-secret"


def test_the_nearest_file_is_meant(command, tmp_path):
    """Where none is named; the list has it, and the consent can be taken back."""
    file = tmp_path / "vlmkit.toml"
    file.write_text("[privacy]\nallow_remote = true\n")
    done = command("trust")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{file} is trusted as it is now. It says:", "  line 2: [privacy] allow_remote"]
    assert command("trust", "--list").stdout == f"{file}\n"
    assert command("trust", "--revoke", file).stdout == f"{file} is no longer trusted.\n"
    assert command("trust", "--revoke").stdout == f"{file} was not trusted.\n"
    assert command("trust", "--list").stdout == ""
    assert "not heeded" in command("models").stderr


def test_a_file_of_servers_says_what_it_would_start(command, tmp_path):
    """It is consented to like settings, once a person has seen what comes of it."""
    file = tmp_path / "mcp.json"
    file.write_text('{"mcpServers": {"files": {"command": "npx", "args": ["-y", "server-files", "--token", "abc-1"]}}}')
    said = command("trust", file).stdout.splitlines()
    assert said == [f"{file} is trusted as it is now. It says:", "  files: starts npx -y server-files --token ***"]
    assert command("trust", "--list").stdout == f"{file}\n"
    file.write_text("{}")
    done = command("trust", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert "mcp.json names no MCP servers" in done.stderr


def test_a_file_without_anything_to_consent_to(command, tmp_path):
    """Is said to have nothing."""
    (tmp_path / "vlmkit.toml").write_text("[processing]\nworkers = 2\n")
    assert command("trust").stdout.splitlines()[-1].strip() == "nothing that needs consent"


def test_no_file(command, tmp_path):
    """None above, or not there."""
    assert "Name the file" in command("trust").stderr
    done = command("trust", "nowhere.toml")
    assert (done.returncode, "nowhere.toml cannot be read" in done.stderr) == (1, True)
    assert not (tmp_path / "home" / ".config" / "vlmkit" / "trusted.json").exists()
    (tmp_path / "vlmkit.toml").write_text("[processing]\nwokers = 2\n")
    assert "wokers is not a setting" in command("trust").stderr


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
def test_a_files_name_cannot_drive_the_terminal(command, tmp_path):
    """Escape sequences are shown."""
    file = tmp_path / "a\x1b[2J.toml"
    file.write_text("")
    assert "\x1b" not in command("trust", file).stdout
