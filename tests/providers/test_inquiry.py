"""Questions about a server: which is asked, where, and when it is left alone."""

import consented
import pytest
from scripted_server import http

from vlmkit.errors import BadSetting, MissingKey, ServerFault
from vlmkit.providers.inquiry import check_health, list_host_models
from vlmkit.settings import use


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Settings only from here, no keys."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return tmp_path


def test_models_of_every_address_are_listed(folder, serve):
    """Where vlmkit.toml names several."""
    servers = [serve(lambda _, name=name: http(body={"data": [{"id": name}]})) for name in "ab"]
    consented.write(folder, f'[hosts.vllm]\nurl = "{",".join(server.url for server in servers)}"\n')
    assert [model.name for model in list_host_models("vllm", 5)] == ["vllm:a", "vllm:b"]


def test_a_service_elsewhere_is_left_alone(monkeypatch):
    """Without its key, and without permission."""
    with pytest.raises(MissingKey, match="OPENAI_API_KEY is not set"):
        list_host_models("openai", 1)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with pytest.raises(BadSetting, match=r"not asked, as api\.openai\.com is not this machine"):
        list_host_models("openai", 1)


def test_with_key_and_permission_it_is_asked(monkeypatch, serve):
    """As a proxy of this machine sees."""
    proxy = serve(lambda _: http(body={"data": [{"id": "m"}]}))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    use(allow_remote=True)
    assert check_health("openai", "http://models.example/v1", 5)[0] == "http://models.example/v1"
    assert proxy.requests[0].path == "http://models.example/v1/models"


def test_health_is_asked_at_the_hosts_own_path(serve):
    """And a bad status is a fault."""
    server = serve(http(), http(503, "loading"))
    server._script = lambda _: http()
    check_health("vllm", server.url, 5)
    assert server.requests[-1].path == "/health"
    server._script = lambda _: http(503, "loading")
    with pytest.raises(ServerFault, match="loading"):
        check_health("vllm", server.url, 5)
