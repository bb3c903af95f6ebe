"""Ollama's own lists; live ones where a server runs."""

import pytest
from scripted_server import http

from vlmkit.backends.discovery import find_models
from vlmkit.errors import ServerFault
from vlmkit.frame import health
from vlmkit.providers.hosts import HOSTS
from vlmkit.providers.ollama import list_ollama
from vlmkit.providers.transport import Call, Transport

TAGS = {"models": [{"name": f"m{number}", "size": number, "digest": f"d{number}"} for number in range(20)] + [{}, 3]}


def listed(server):
    transport = Transport(server.url)
    try:
        return list_ollama(HOSTS["ollama"], transport, Call(5))
    finally:
        transport.close()


def test_each_model_is_asked_about(serve):
    """What each answers is put beside it; one that fails is unknown, not missing."""

    def script(request):
        if request.path == "/api/tags":
            return http(body=TAGS)
        if request.path == "/api/ps":
            return http(500)
        name = request.json["model"]
        return http(404) if name == "m7" else http(body={"capabilities": ["vision"] * (int(name[1:]) % 2)})

    found = listed(serve(script))
    assert [model.name for model in found] == [f"ollama:m{number}" for number in range(20)]
    assert [model.sees_pictures for model in found] == [None if n == 7 else bool(n % 2) for n in range(20)]
    assert [model.revision for model in found] == [f"d{number}" for number in range(20)]
    assert not any(model.loaded for model in found)


def test_odd_answers_are_survived(serve):
    """A model about which nothing is known is still a model."""
    answers = {"/api/tags": {"models": [{"name": "a", "details": 3, "digest": 4}]}, "/api/ps": [], "/api/show": "x"}
    (found,) = listed(serve(lambda request: http(body=answers[request.path])))
    assert (found.name, found.sees_pictures, found.context, found.revision) == ("ollama:a", None, None, None)


@pytest.mark.live
def test_a_running_ollama_lists_its_models():
    """At its usual address."""
    found = health("ollama")
    if not found:
        pytest.skip(f"no Ollama here: {found.problem}")
    models = find_models("ollama")
    assert all(model.error is None and model.revision for model in models)


@pytest.mark.parametrize("status", [404, 405, 501])
def test_without_its_own_list_openais_is_taken(serve, status):
    """As behind a gateway; names, and nothing that list does not say."""
    server = serve(lambda _: http(status), routes={"/v1/models": http(body={"data": [{"id": "qwen2-vl-7b"}]})})
    transport = Transport(server.url)
    found = list_ollama(HOSTS["ollama"], transport, Call(5))
    transport.close()
    assert [(model.name, model.sees_pictures) for model in found] == [("ollama:qwen2-vl-7b", None)]


def test_a_broken_list_is_no_reason_to_take_another(serve):
    """A server in trouble, and a refused key, are said."""
    server = serve(lambda _: http(500), routes={"/v1/models": http(body={"data": []})})
    transport = Transport(server.url)
    with pytest.raises(ServerFault):
        list_ollama(HOSTS["ollama"], transport, Call(5))
    transport.close()
