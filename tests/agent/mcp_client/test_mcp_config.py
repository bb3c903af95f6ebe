"""Files that name MCP servers, in the spellings of all hosts."""

import json
from pathlib import Path

import pytest

from vlmkit import settings, settings_trust
from vlmkit.agent import read_mcp_config, read_servers
from vlmkit.agent.mcp_client.mcp_config import McpConfig, configured
from vlmkit.errors import BadSetting

FILES = {"command": "npx", "args": ["-y", "server-files", "."]}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder, and a folder of the user's own settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def read(content):
    return McpConfig(content, folder=Path("/project"), label="mcp.json")


def only(content):
    config = read(content)
    assert config.faults == {}
    (target,) = config.targets
    return target


@pytest.mark.parametrize(
    "content",
    [
        {"mcpServers": {"files": FILES}},
        {"mcpServers": {"files": {**FILES, "type": "stdio", "alwaysAllow": [], "timeout": 9}}},
        {"servers": {"files": {**FILES, "type": "stdio"}}, "inputs": []},
        {"mcp": {"servers": {"files": FILES}}},
        {"servers": [{**FILES, "name": "files"}]},
        [{**FILES, "name": "files"}],
        {"mcpServers": {"files": {"command": ["npx", "-y", "server-files", "."]}}},
        {"mcpServers": {"files": FILES, "off": {"disabled": True}, "away": {"enabled": False}}},
    ],
)
def test_a_command_in_every_spelling(content):
    """It starts in the folder of the file."""
    target = only(content)
    assert (target.name, target.command, target.cwd) == ("files", ("npx", "-y", "server-files", "."), "/project")


@pytest.mark.parametrize(
    "entry",
    [
        {"url": "http://a/mcp"},
        {"url": "http://a/mcp", "type": "http"},
        {"serverUrl": "http://a/mcp"},
        {"httpUrl": "http://a/mcp"},
        {"type": "streamableHttp", "url": "http://a/mcp", "command": "node"},
    ],
)
def test_an_address_in_every_spelling(entry):
    """With its headers."""
    target = only({"mcpServers": {"web": {**entry, "headers": {"X-Key": "abc"}}}})
    assert (target.url, target.headers, target.command) == ("http://a/mcp", {"X-Key": "abc"}, ())


def test_the_list_form_has_keys_and_deadlines():
    """The key is sent as it stands."""
    entry = {"name": "web", "url": "http://a/mcp", "auth": "Bearer abc-1", "timeout_secs": 5}
    target = only({"servers": [entry]})
    assert (target.headers, target.timeout_s) == ({"Authorization": "Bearer abc-1"}, 5.0)
    assert only({"servers": [{**entry, "auth": None}]}).headers == {}


def test_variables_are_filled_in(monkeypatch):
    """In the spellings of Claude, Cursor and VS Code; what they are called says whether they may be shown."""
    monkeypatch.setenv("THE_TOKEN", "abc-1")
    monkeypatch.setenv("MODE", "fast")
    entry = {
        "command": "${workspaceFolder}/run",
        "args": ["${env:MODE}", "${NOT_SET:-slow}", "$HOME", "--t=${THE_TOKEN}"],
        "env": {"A": "<${THE_TOKEN}>", "N": 3, "ON": True},
    }
    target = only({"mcpServers": {"files": entry}})
    assert target.command == ("/project/run", "fast", "slow", "$HOME", "--t=abc-1")
    assert target.env == {"A": "<abc-1>", "N": "3", "ON": "true"}
    assert target.redact("abc-1 fast") == "*** fast"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"command": "a", "env": {"A": "${NOT_SET}"}}, "variable NOT_SET is not set, and env A needs it"),
        ({"url": "http://a/mcp", "headers": {"A": "${input:key}"}}, r"\$\{input:key\} in headers A is not read here"),
        ({"url": "http://a/sse", "type": "sse"}, "its transport is sse"),
        ({"args": []}, 'has neither "command" nor "url"'),
        ({"url": "a.example"}, "Give one with its scheme"),
        ({"command": "a", "timeout_s": "soon"}, "timeout_s='soon' cannot be used"),
        ({"command": "a", "args": "b"}, "args='b' is not a list of texts"),
        ({"command": "a", "env": [1]}, "is not an object of texts"),
        ({"command": "a", "headers": [1]}, "is not an object of texts"),
        ("npx", "the entry is no object"),
    ],
)
def test_an_entry_that_cannot_be_used_hides_no_other(entry, said):
    """It is a fault of its own name."""
    config = read({"mcpServers": {"bad": entry, "good": FILES}})
    assert [target.name for target in config.targets] == ["good"]
    with pytest.raises(BadSetting, match=said):
        raise config.faults["bad"]


@pytest.mark.parametrize(
    "content", [{}, {"files": FILES}, 3, {"servers": 3}, [FILES], {"servers": [{"name": "a"}] * 2}]
)
def test_what_names_no_servers_is_said(content):
    """With how to name one."""
    with pytest.raises(BadSetting, match=r"mcp\.json"):
        read(content)


def test_files_of_editors_have_comments(folder):
    """And commas before a closing bracket; what looks like these within a text stays."""
    file = folder / ".vscode" / "mcp.json"
    file.parent.mkdir()
    file.write_text(
        '\ufeff{ // servers\n "servers": {"a": {"command": "x", "args": ["//no", ",]", "/*"],}, /* last */ },\n}',
        encoding="utf-8",
    )
    (target,) = read_mcp_config(file).targets
    assert (target.command, target.cwd) == (("x", "//no", ",]", "/*"), str(folder))


def test_a_file_that_cannot_be_read_is_said(folder):
    """By its name."""
    with pytest.raises(BadSetting, match=r"nowhere\.json cannot be read: No such file"):
        read_mcp_config("nowhere.json")
    Path("broken.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadSetting, match=r"broken\.json is no JSON"):
        read_mcp_config("broken.json")


def test_commands_go_through_a_proxy_where_one_is_named(monkeypatch):
    """As candle-vllm reaches servers that commands start."""
    monkeypatch.setenv("MCP_PROXY_PORT", "3001")
    assert only({"mcpServers": {"my files": FILES}}).url == "http://localhost:3001/my%20files"


def write(path, name):
    path.write_text(json.dumps({"mcpServers": {name: FILES}}), encoding="utf-8")


def test_a_found_file_starts_nothing_without_consent(folder):
    """Consent is to what is in it now; a named file needs none."""
    with pytest.raises(BadSetting, match=r"No MCP servers were named\. Name a file"):
        configured()
    write(folder / "mcp.json", "a")
    with pytest.raises(BadSetting, match=r"so no server in it is started.*vlmkit trust .*mcp\.json"):
        read_servers()
    assert [server.name for server in read_servers("mcp.json")] == ["a"]
    settings_trust.consent(folder / "mcp.json")
    assert [server.name for server in read_servers()] == ["a"]
    write(folder / "mcp.json", "b")
    with pytest.raises(BadSetting, match="not consented to"):
        read_servers()


def test_a_named_file_stands_before_a_found_one(folder, monkeypatch, tmp_path):
    """Argument, session, variable, vlmkit.toml, and last what lies in the folder."""
    names = ["found", "toml", "variable", "session", "argument"]
    for name in names[1:]:
        write(tmp_path / f"{name}.json", name)
    write(folder / "mcp.json", "found")
    settings_trust.consent(folder / "mcp.json")
    found = [configured().targets[0].name]
    toml = tmp_path / "vlmkit.toml"  # above the working folder, so that its own folder counts
    toml.write_text('[mcp]\nmcp_config = "toml.json"\n', encoding="utf-8")
    settings_trust.consent(toml)
    found.append(configured().targets[0].name)
    monkeypatch.setenv("VLMKIT_MCP_CONFIG", str(tmp_path / "variable.json"))
    found.append(configured().targets[0].name)
    settings.use(mcp_config=tmp_path / "session.json")
    found.append(configured().targets[0].name)
    found.append(next(iter(read_servers(tmp_path / "argument.json"))).name)
    assert found == names


def test_what_a_file_would_do_is_told():
    """To a person who is to consent, without keys."""
    config = read(
        {
            "mcpServers": {
                "a": {"command": "npx", "args": ["--token", "abc-1", "two words"]},
                "b": {"url": "http://b/mcp?key=abc-2"},
                "c": {},
            }
        }
    )
    first, second, third = config.lines()
    assert (first, second) == ("a: starts npx --token *** 'two words'", "b: connects to http://b/mcp")
    assert third.startswith("MCP server c: the entry has neither")
