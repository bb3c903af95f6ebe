"""Lists of models: OpenAI's, with what servers add, and the hosts' own; live ones where a server runs."""

import pytest
from scripted_server import http

from vlmkit.backends.discovery import find_models
from vlmkit.errors import RateLimited, ServerFault
from vlmkit.frame import health
from vlmkit.providers.hosts import HOSTS
from vlmkit.providers.listing import list_gemini, list_lmstudio, list_ollama, list_openai, model_entries
from vlmkit.providers.transport import RequestDeadline, Transport

OWN = {"ollama": list_ollama, "lmstudio": list_lmstudio, "gemini": list_gemini}
TAGS = {"models": [{"name": f"m{number}", "size": number, "digest": f"d{number}"} for number in range(20)] + [{}, 3]}
LM_STUDIO = {
    "data": [
        {"id": "qwen2-vl-7b", "type": "vlm", "state": "loaded", "quantization": "4bit", "max_context_length": 32768},
        {"id": "llama-3", "type": "llm", "state": "not-loaded", "quantization": 4},
        {"id": "nomic", "type": "embeddings"},
        {"type": "vlm"},
    ]
}
GEMINI = {
    "models": [
        {"name": "models/gemini-9", "inputTokenLimit": 1048576, "supportedGenerationMethods": ["generateContent"]},
        {"name": "models/embedding-1", "supportedGenerationMethods": ["embedContent"]},
        {"name": "models/odd", "supportedGenerationMethods": None},
        {"name": 3},
    ]
}


def listed(server, engine="vllm"):
    transport = Transport(server.url)
    try:
        return OWN.get(engine, list_openai)(HOSTS[engine], transport, RequestDeadline(5))
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
    assert model_entries(content, "data") == []


def test_ollama_is_asked_about_each_model(serve):
    """What each answers is put beside it; one that fails is unknown, not missing."""

    def script(request):
        if request.path == "/api/tags":
            return http(body=TAGS)
        if request.path == "/api/ps":
            return http(500)
        name = request.json["model"]
        return http(404) if name == "m7" else http(body={"capabilities": ["vision"] * (int(name[1:]) % 2)})

    found = listed(serve(script), "ollama")
    assert [model.name for model in found] == [f"ollama:m{number}" for number in range(20)]
    assert [model.sees_pictures for model in found] == [None if n == 7 else bool(n % 2) for n in range(20)]
    assert [model.revision for model in found] == [f"d{number}" for number in range(20)]
    assert not any(model.loaded for model in found)


def test_odd_answers_of_ollama_are_survived(serve):
    """A model about which nothing is known is still a model."""
    answers = {"/api/tags": {"models": [{"name": "a", "details": 3, "digest": 4}]}, "/api/ps": [], "/api/show": "x"}
    (found,) = listed(serve(lambda request: http(body=answers[request.path])), "ollama")
    assert (found.name, found.sees_pictures, found.context, found.revision) == ("ollama:a", None, None, None)


def test_vision_models_of_lm_studio_are_told_apart(serve):
    """And models that only embed are left out."""
    found = listed(
        serve(lambda request: http(body=LM_STUDIO) if request.path == "/api/v0/models" else http(404)), "lmstudio"
    )
    assert [(model.name, model.sees_pictures, model.loaded, model.quantization, model.context) for model in found] == [
        ("lmstudio:qwen2-vl-7b", True, True, "4bit", 32768),
        ("lmstudio:llama-3", False, False, None, None),
    ]


def test_models_of_google_that_write_are_listed(serve):
    """By the name they are asked by."""
    (found,) = listed(serve(lambda _: http(body=GEMINI)), "gemini")
    assert (found.name, found.context) == ("gemini:gemini-9", 1048576)


@pytest.mark.live
@pytest.mark.parametrize("engine", ["ollama", "lmstudio"])
def test_a_running_server_lists_its_models(engine):
    """At its usual address."""
    found = health(engine)
    if not found:
        pytest.skip(f"{engine} does not run here: {found.problem}")
    models = find_models(engine)
    assert all(model.error is None and (model.revision or engine != "ollama") for model in models)


@pytest.mark.parametrize("engine", ["ollama", "lmstudio"])
@pytest.mark.parametrize("status", [404, 405, 501])
def test_without_its_own_list_openais_is_taken(serve, status, engine):
    """As behind a gateway; names, and nothing that list does not say."""
    server = serve(lambda _: http(status), routes={"/v1/models": http(body={"data": [{"id": "qwen2-vl-7b"}]})})
    assert [(model.name, model.sees_pictures) for model in listed(server, engine)] == [(f"{engine}:qwen2-vl-7b", None)]


@pytest.mark.parametrize("engine", ["ollama", "lmstudio"])
def test_a_broken_list_is_no_reason_to_take_another(serve, engine):
    """A server in trouble, and a refused key, are said."""
    with pytest.raises(ServerFault):
        listed(serve(lambda _: http(500), routes={"/v1/models": http(body={"data": []})}), engine)
