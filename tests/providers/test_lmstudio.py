"""LM Studio's own list; a live one where a server runs."""

import pytest
from scripted_server import http

from vlmkit.backends.discovery import find_models
from vlmkit.errors import ServerFault
from vlmkit.frame import health
from vlmkit.providers.hosts import HOSTS
from vlmkit.providers.lmstudio import list_lmstudio
from vlmkit.providers.transport import Call, Transport

LIST = {
    "data": [
        {"id": "qwen2-vl-7b", "type": "vlm", "state": "loaded", "quantization": "4bit", "max_context_length": 32768},
        {"id": "llama-3", "type": "llm", "state": "not-loaded", "quantization": 4},
        {"id": "nomic", "type": "embeddings"},
        {"type": "vlm"},
    ]
}


def test_vision_models_are_told_apart(serve):
    """And models that only embed are left out."""
    server = serve(lambda request: http(body=LIST) if request.path == "/api/v0/models" else http(404))
    transport = Transport(server.url)
    found = list_lmstudio(HOSTS["lmstudio"], transport, Call(5))
    transport.close()
    assert [(model.name, model.sees_pictures, model.loaded, model.quantization, model.context) for model in found] == [
        ("lmstudio:qwen2-vl-7b", True, True, "4bit", 32768),
        ("lmstudio:llama-3", False, False, None, None),
    ]


@pytest.mark.live
def test_a_running_lm_studio_lists_its_models():
    """At its usual address."""
    found = health("lmstudio")
    if not found:
        pytest.skip(f"no LM Studio here: {found.problem}")
    assert all(model.error is None for model in find_models("lmstudio"))


@pytest.mark.parametrize("status", [404, 405, 501])
def test_without_its_own_list_openais_is_taken(serve, status):
    """As behind a gateway; names, and nothing that list does not say."""
    server = serve(lambda _: http(status), routes={"/v1/models": http(body={"data": [{"id": "qwen2-vl-7b"}]})})
    transport = Transport(server.url)
    found = list_lmstudio(HOSTS["lmstudio"], transport, Call(5))
    transport.close()
    assert [(model.name, model.sees_pictures) for model in found] == [("lmstudio:qwen2-vl-7b", None)]


def test_a_broken_list_is_no_reason_to_take_another(serve):
    """A server in trouble, and a refused key, are said."""
    server = serve(lambda _: http(500), routes={"/v1/models": http(body={"data": []})})
    transport = Transport(server.url)
    with pytest.raises(ServerFault):
        list_lmstudio(HOSTS["lmstudio"], transport, Call(5))
    transport.close()
