"""Blocks for hosts, which are pasted as they are."""

import json
import shlex
from pathlib import Path

import pytest

from vlmkit.agent.mcp_server.hosts import MCP_HOSTS, host_config, own_command
from vlmkit.errors import BadSetting

COMMAND = ["/venv/bin/vlmkit", "mcp", "/my photos", "--model", "tiny"]
URL = "http://127.0.0.1:2001/mcp"


@pytest.mark.parametrize("host", ["claude", "cursor", "lmstudio"])
def test_most_hosts_share_a_notation(host):
    """The command apart from its arguments."""
    block = json.loads(host_config(host, "photos", COMMAND))
    assert block == {"mcpServers": {"photos": {"command": COMMAND[0], "args": COMMAND[1:]}}}


def test_vs_code_has_another_one():
    """With another word, and the transport."""
    block = json.loads(host_config("vscode", "photos", COMMAND))
    assert block == {"servers": {"photos": {"type": "stdio", "command": COMMAND[0], "args": COMMAND[1:]}}}
    block = json.loads(host_config("vscode", "photos", URL))
    assert block == {"servers": {"photos": {"type": "http", "url": URL}}}


def test_claude_code_is_told_in_a_shell():
    """Quoted as the shell needs it."""
    add = ["claude", "mcp", "add"]
    said = shlex.split(host_config("claude-code", "photos", COMMAND))
    assert said == [*add, "photos", "--", *COMMAND]
    said = shlex.split(host_config("claude-code", "photos", URL, needs_key=True))
    header = ["--header", "Authorization: Bearer YOUR KEY"]
    assert said == [*add, "--transport", "http", "photos", URL, *header]


def test_an_address_has_a_place_for_the_key():
    """Where there is one."""
    block = json.loads(host_config("cursor", "photos", URL, needs_key=True))
    assert block["mcpServers"]["photos"] == {"url": URL, "headers": {"Authorization": "Bearer YOUR KEY"}}


def test_what_a_host_cannot_do_is_said():
    """Unknown hosts, too."""
    with pytest.raises(BadSetting, match="Claude Desktop reads no address"):
        host_config("claude", "photos", URL)
    with pytest.raises(BadSetting, match=f"host='emacs' is unknown. Hosts are: {', '.join(MCP_HOSTS)}"):
        host_config("emacs", "photos", COMMAND)


def test_the_command_is_that_of_this_python():
    """With its whole path, as hosts know no environment."""
    command = own_command()
    assert Path(command[0]).is_absolute()
    assert Path(command[0]).exists()
