"""Every engine is asked at the same time, its answer remembered for a while; one that is dead is a row."""

import threading
import time

import consented
import pytest
from scripted_server import ScriptedServer, http

from vlmkit import settings
from vlmkit.backends import discovery
from vlmkit.backends.registry import ENGINES
from vlmkit.errors import BadSetting

LIST = http(body={"data": [{"id": "qwen", "max_model_len": 4096}]})


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """Nothing remembered; no cache of the Hub; settings only from here."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    discovery.forget_models()
    yield
    discovery.forget_models()


@pytest.fixture
def vllm(tmp_path):
    """A server for the engine vllm, which vlmkit.toml names."""
    with ScriptedServer(lambda _: LIST) as server:
        consented.write(tmp_path, f'[hosts.vllm]\nurl = "{server.url}"\n')
        yield server


def test_every_engine_has_a_list():
    """Except the fake one, which has any model."""
    assert set(discovery.listed_engines()) == {engine.name for engine in ENGINES.own()} - {"fake"}


def test_a_server_is_asked_and_remembered(vllm):
    """Once in a minute, unless told to ask again."""
    (found,) = discovery.find_models("vllm")
    assert (found.engine, found.name, found.context, found.source) == ("vllm", "vllm:qwen", 4096, vllm.url)
    assert found.error is None
    discovery.find_models("vllm")
    assert len(vllm.requests) == 1
    discovery.find_models("vllm", refresh=True)
    assert len(vllm.requests) == 2
    discovery.forget_models()
    discovery.find_models("vllm")
    assert len(vllm.requests) == 3


def test_a_list_grows_old(monkeypatch):
    """After a minute on a clock that no one sets, the server is asked again."""
    now_s, asked = [1000.0], []
    monkeypatch.setattr(discovery, "_ask", lambda *given: asked.append(given) or [])
    memory = discovery._Memory(clock=lambda: now_s[0])
    for step_s in (0, 59, 2):
        now_s[0] += step_s
        memory.get("vllm", None, 1.0, 60.0)
    assert asked == [("vllm", None, 1.0), ("vllm", None, 1.0)]


def test_a_dead_server_is_soon_asked_again(monkeypatch):
    """Who starts it and looks again sees it."""
    now_s, asked = [1000.0], []
    dead = [discovery.FoundModel(engine="vllm", error="Unreachable: gone")]
    monkeypatch.setattr(discovery, "_ask", lambda *given: asked.append(given) or dead)
    memory = discovery._Memory(clock=lambda: now_s[0])
    for step_s in (0, 4, 2):
        now_s[0] += step_s
        memory.get("vllm", None, 1.0, 60.0)
    assert len(asked) == 2


def test_many_threads_ask_once(vllm):
    """Who comes while the question is under way waits for its answer."""
    barrier, found = threading.Barrier(8), []

    def find():
        barrier.wait()
        found.append(discovery.find_models("vllm"))

    threads = [threading.Thread(target=find) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vllm.requests) == 1
    assert all(each == found[0] for each in found)


def test_dead_servers_are_rows_with_a_reason(tmp_path):
    """One that is not there, one that is silent, one that needs a key, one that is not allowed; in one wait."""
    with ScriptedServer([[30.0]], routes={"/v1/models": [30.0]}) as silent, ScriptedServer([LIST]) as gone:
        gone.close()
        consented.write(
            tmp_path,
            f'[hosts.vllm]\nurl = "{silent.url}"\n[hosts.mlx-vlm]\nurl = "{gone.url}"\n'
            '[hosts.lmstudio]\nurl = "http://models.example/v1"\n',
        )
        start_s = time.monotonic()
        found = {model.engine: model for model in discovery.find_models(timeout_s=3)}
        assert time.monotonic() - start_s < 25  # the silent one answers after 30
    assert found["mlx"].name == "tiny"
    assert found["vllm"].error.startswith("TimedOut: ")
    assert found["mlx-vlm"].error.startswith("Unreachable: ")
    assert "OPENAI_API_KEY is not set" in found["openai"].error
    assert "models.example is not this machine" in found["lmstudio"].error
    assert all(model.name is None for engine, model in found.items() if engine != "mlx")


def test_a_server_that_talks_nonsense_is_a_row(vllm):
    """Not a crash of the table."""
    for nonsense in (http(body="<html>"), http(500, "broken"), http(body={"data": 3})):
        vllm._script = lambda _, answer=nonsense: answer
        found = discovery.find_models("vllm", refresh=True)
        assert found == [] or found[0].error.startswith("ServerFault: ")


def test_an_unknown_engine_is_said():
    """With those there are."""
    with pytest.raises(BadSetting, match="ollama, lmstudio"):
        discovery.find_models("olama")


def test_another_address_or_key_is_another_list(vllm, tmp_path, monkeypatch):
    """What was remembered of the old ones is not shown for the new ones, and is still there when they come back."""
    monkeypatch.delenv("VLLM_API_KEY", raising=False)
    old = (tmp_path / "vlmkit.toml").read_text()
    assert [model.name for model in discovery.find_models("vllm")] == ["vllm:qwen"]
    with ScriptedServer(lambda _: http(body={"data": [{"id": "llava"}]})) as other:
        consented.write(tmp_path, f'[hosts.vllm]\nurl = "{other.url}"\n')
        assert [(model.name, model.source) for model in discovery.find_models("vllm")] == [("vllm:llava", other.url)]
    consented.write(tmp_path, old)
    discovery.find_models("vllm")
    assert len(vllm.requests) == 1
    monkeypatch.setenv("VLLM_API_KEY", "sk-new")
    discovery.find_models("vllm")
    assert vllm.requests[1].headers["authorization"] == "Bearer sk-new"


def test_an_engine_is_asked_at_an_address(vllm, tmp_path):
    """Whatever vlmkit.toml says; the names are those to give as `model`."""
    (tmp_path / "vlmkit.toml").unlink()
    for engine in ("vllm", "openai"):
        (found,) = discovery.find_models(f"{engine}@{vllm.url}")
        assert (found.engine, found.name, found.source) == (engine, f"{engine}:qwen@{vllm.url}", vllm.url)
    (dead,) = discovery.find_models("vllm@http://127.0.0.1:9/v1")
    assert dead.name is None
    assert dead.error.startswith("Unreachable")
    (far,) = discovery.find_models("vllm@http://models.example/v1")
    assert "models.example is not this machine" in far.error


@pytest.mark.parametrize("wrong", ["olama@http://127.0.0.1/v1", "mlx@http://127.0.0.1/v1", "vllm:m@http://h/v1", ""])
def test_a_name_that_is_no_engine_is_refused(wrong):
    """With the names that are."""
    with pytest.raises(BadSetting, match=r"no such engine has a list.*ollama"):
        discovery.find_models(wrong)


@pytest.mark.parametrize("way", ["argument", "session", "environment", "file"])
def test_how_long_a_list_stands_is_a_setting(way, vllm, tmp_path, monkeypatch):
    """0 asks every time."""
    options = {}
    if way == "argument":
        options = {"list_ttl_s": 0}
    elif way == "session":
        settings.use(list_ttl_s=0)
    elif way == "environment":
        monkeypatch.setenv("VLMKIT_LIST_TTL_S", "0")
    else:
        consented.write(tmp_path, (tmp_path / "vlmkit.toml").read_text() + "[vision]\nlist_ttl_s = 0\n")
    for asked in (1, 2):
        discovery.find_models("vllm", **options)
        assert len(vllm.requests) == asked
