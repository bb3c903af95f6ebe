"""Lists in OpenAI's dialect, with what servers add."""

import pytest
from scripted_server import http

from vlmkit.errors import RateLimited, ServerFault
from vlmkit.providers.hosts import HOSTS
from vlmkit.providers.listing import entries, list_openai
from vlmkit.providers.transport import Call, Transport


def listed(server, engine="vllm"):
    transport = Transport(server.url)
    try:
        return list_openai(HOSTS[engine], transport, Call(5))
    finally:
        transport.close()


def test_what_servers_add_is_read(serve):
    """VLLM's context, OpenRouter's modalities; what is not a model is left out."""
    data = [
        {"id": "a", "max_model_len": 8192, "loaded": "perhaps"},
        {"id": "b", "architecture": {"input_modalities": ["text", "image"]}, "context_length": 131072},
        {"id": "c", "architecture": {"input_modalities": ["text"]}},
        {"id": "d", "architecture": 3, "context_length": "long"},
        {"name": "no id"},
        "nothing",
    ]
    server = serve(lambda _: http(body={"data": data}))
    found = listed(server)
    assert [(model.name, model.sees_pictures, model.context) for model in found] == [
        ("vllm:a", None, 8192),
        ("vllm:b", True, 131072),
        ("vllm:c", False, None),
        ("vllm:d", None, None),
    ]
    assert {model.source for model in found} == {server.url}
    assert {model.loaded for model in found} == {None}


@pytest.mark.parametrize(("answer", "kind"), [(http(429), RateLimited), (http(body="<p>"), ServerFault)])
def test_what_is_no_list_is_a_fault(serve, answer, kind):
    """As for any other answer."""
    with pytest.raises(kind):
        listed(serve(lambda _: answer))


@pytest.mark.parametrize("content", [None, [], {}, {"data": None}, {"data": "x"}, {"data": [1, None]}])
def test_odd_lists_are_empty(content):
    """Nothing is taken for a model that is none."""
    assert entries(content, "data") == []
