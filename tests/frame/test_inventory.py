"""What can be used from here, as a table; and whether a server is well."""

from dataclasses import replace

import consented
import pandas as pd
import pytest
from scripted_server import ScriptedServer, http

import vlmkit as vk
from vlmkit.backends import borrow, discovery, shared
from vlmkit.backends.facts import Compatibility
from vlmkit.errors import BadSetting, ModelNotFound, UnknownModel

TAGS = {
    "models": [
        {"name": "qwen3-vl:8b", "digest": "ab12", "size": 6_100_000_000, "details": {"quantization_level": "Q4_K_M"}},
        {"name": "llama3:latest", "digest": "cd34", "size": 4_700_000_000},
    ]
}
COLUMNS = ["engine", "name", "sees_pictures", "loaded", "size_bytes", "quantization", "context", "source", "error"]


def show(request):
    answers = {
        "/api/tags": TAGS,
        "/api/ps": {"models": [{"name": "qwen3-vl:8b"}]},
        "/api/version": {"version": "0.12"},
    }
    if request.path == "/api/show":
        sees = request.json["model"].startswith("qwen")
        facts = {"capabilities": ["completion", "vision"] if sees else ["completion"]}
        return http(body=facts | {"model_info": {"x.context_length": 262144}})
    return http(body=answers[request.path]) if request.path in answers else http(404)


@pytest.fixture
def ollama(monkeypatch, tmp_path):
    """A server that lists as Ollama does, at the address in vlmkit.toml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    discovery.forget_models()
    with ScriptedServer(show) as server:
        consented.write(tmp_path, f'[hosts.ollama]\nurl = "{server.url}"\n')
        yield server
    discovery.forget_models()


def test_models_of_a_server_are_rows(ollama):
    """With everything the server says, in nullable types."""
    table = vk.models("ollama")
    assert list(table.columns) == COLUMNS
    assert [str(kind) for kind in table.dtypes] == [
        "string", "string", "boolean", "boolean", "Int64", "string", "Int64", "string", "string",
    ]  # fmt: skip
    first, second = table.to_dict("records")
    assert first["name"] == "ollama:qwen3-vl:8b"
    assert (first["sees_pictures"], first["loaded"], first["size_bytes"]) == (True, True, 6_100_000_000)
    assert (first["quantization"], first["context"], first["source"]) == ("Q4_K_M", 262144, ollama.url)
    assert (second["sees_pictures"], second["loaded"]) == (False, False)
    assert table["error"].isna().all()


def test_all_engines_are_in_one_table(ollama):
    """Those that do not answer with their reason."""
    table = vk.models(timeout_s=1)
    assert set(table["engine"]) == set(discovery.listed_engines())
    assert table["name"].iloc[0] == "tiny"
    dead = table[table["name"].isna()]
    assert dead["error"].notna().all()
    assert "openai" in set(dead["engine"])


@pytest.mark.core_model
def test_what_is_loaded_is_said_at_once(ollama):
    """Though the rest of the table is remembered."""
    shared.close_shared()
    assert not vk.models("mlx")["loaded"].iloc[0]
    with borrow("tiny"):
        assert vk.models("mlx")["loaded"].iloc[0]
    shared.close_shared()
    assert not vk.models("mlx")["loaded"].iloc[0]


def test_a_healthy_server_is_true(ollama):
    """By the address that the settings name, by one of its own, by a model's name."""
    for server in ("ollama", f"ollama@{ollama.url}", f"ollama:qwen3-vl:8b@{ollama.url}"):
        found = vk.health(server)
        assert found
        assert (found.engine, found.address, found.problem) == ("ollama", ollama.url, None)
        assert found.seconds >= 0
        assert "seconds" not in repr(found)


def test_a_sick_or_missing_server_is_false_and_says_why(ollama):
    """A status, silence, nobody there."""
    ollama._script = lambda _: http(503, "loading")
    found = vk.health("ollama")
    assert not found
    assert "answered 503: loading" in found.problem
    ollama._script = lambda _: [30.0]
    assert vk.health("ollama", timeout_s=0.2).problem.startswith("TimedOut")
    ollama.close()
    assert vk.health("ollama").problem.startswith("Unreachable")


@pytest.mark.parametrize("name", ["olama", "", "olama@http://127.0.0.1/v1"])
def test_what_names_nothing_is_said(name):
    """With what there is."""
    with pytest.raises(UnknownModel, match=r"names no model.*ollama"):
        vk.health(name)


@pytest.mark.parametrize("name", ["tiny", "mlx", "mlx:tiny", " tiny ", "fake:x", "fake"])
def test_a_model_of_this_process_is_well_without_an_address(name):
    """Nothing was asked, and nothing loaded."""
    found = vk.health(name)
    assert found
    assert (found.address, found.problem, found.seconds) == (None, None, None)


def test_health_loads_nothing(fresh_python):
    """Neither a model nor the libraries it needs."""
    code = (
        "import sys, vlmkit as vk\nprint(bool(vk.health('tiny')), 'mlx.core' in sys.modules, 'mlx_vlm' in sys.modules)"
    )
    assert fresh_python(code).stdout == "True False False\n"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("org/model", "ModelNotFound: org/model is not on this machine"),
        ("mlx:org/model", "It is downloaded when it is first used"),
        ("./nowhere", "ModelNotFound: No model directory at nowhere"),
        ("mlx:tiny@http://127.0.0.1/v1", "have no address"),
        ("openai:gpt-x", "BadSetting: openai:gpt-x is on api.openai.com"),
        ("vllm:m@http://models.example/v1", "models.example, which is not this machine"),
        ("ollama:nothing-such", "ModelNotFound: ollama:nothing-such: the server at"),
        ("vllm:m@http://127.0.0.1:9/v1", "Unreachable"),
    ],
)
def test_a_model_that_could_not_be_used_is_false_and_says_why(name, problem, ollama, monkeypatch):
    """Whatever the reason; a name that is right is never an error."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    found = vk.health(name)
    assert not found
    assert problem in found.problem


def test_a_damaged_folder_is_false(tmp_path):
    """Its files say so, before anything is loaded."""
    (tmp_path / "config.json").write_text('{"model_type": "smolvlm"}')
    found = vk.health(str(tmp_path))
    assert (found.engine, found.ok) == ("mlx", False)
    assert "safetensors" in found.problem


def test_lists_of_an_address(ollama):
    """By `engine@address`, whatever vlmkit.toml says; every time anew, if wanted."""
    before = len(ollama.requests)
    table = vk.models(f"ollama@{ollama.url}", list_ttl_s=0)
    assert table["name"].tolist() == [f"ollama:qwen3-vl:8b@{ollama.url}", f"ollama:llama3:latest@{ollama.url}"]
    asked = len(ollama.requests) - before
    vk.models(f"ollama@{ollama.url}", list_ttl_s=0)
    assert len(ollama.requests) - before == 2 * asked
    vk.models(f"ollama@{ollama.url}")
    assert len(ollama.requests) - before == 2 * asked


def test_one_name_is_an_object():
    """However the model is named."""
    found = vk.compat("tiny")
    assert isinstance(found, Compatibility)
    assert replace(found, free_bytes=None) == replace(vk.compat("mlx:tiny"), free_bytes=None)
    assert (found.name, found.verdict) == ("tiny", "same")


def test_several_names_are_a_table():
    """In their order, with nullable types; a name that cannot be looked up has its error and nothing else."""
    table = vk.compat(["tiny", "org/none", "ollama:qwen"])
    assert list(table["name"]) == ["tiny", "org/none", "ollama:qwen"]
    assert list(table["verdict"].isna()) == [False, True, True]
    first, second, third = table["error"]
    assert first is pd.NA
    assert second.startswith("ModelNotFound: org/none is not wholly on this machine")
    assert third.startswith("BadSetting: ollama:qwen")
    assert table.loc[0, ["longest_side_px", "is_here"]].tolist() == [144, True]
    assert {str(kind) for kind in table.dtypes} == {"string", "Int64", "boolean"}
    assert list(vk.compat([]).columns) == list(table.columns)


def test_one_name_that_cannot_be_looked_up_raises():
    """As a load would."""
    with pytest.raises(ModelNotFound):
        vk.compat("org/none")
    with pytest.raises(BadSetting, match=r"vk\.check"):
        vk.compat("ollama:qwen")
