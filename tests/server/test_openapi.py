"""What the server says about itself is so: of every route, of answers and of errors."""

import os
import subprocess
from pathlib import Path

import jsonschema
import pytest
from chat_clients import asking

from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.records import Message, ToolCall
from vlmkit.server.app import application_of, server_options
from vlmkit.server.catalog import catalog_of

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
CALL = Message.assistant("See.", [ToolCall(id="c1", name="look", arguments="{}")])


@pytest.fixture
def documented(serving, client):
    """A server, and its answers, each looked at by its own description."""
    caller = FakeBackend("caller", replies=CALL, abilities=Abilities(tools=True))
    server = serving({"tiny": "tiny", "caller": caller}, max_loaded=2)
    root = server.url.removesuffix("/v1")
    document = client.get(f"{root}/openapi.json").json()

    def ask(method, path, body=None, *, template=None):
        response = client.request(method, root + path, json=body)
        described = document["paths"][template or path][method.lower()]["responses"]
        status = str(response.status_code)
        content = described.get(status, described.get(f"{status[0]}XX"))["content"]
        kind = response.headers["content-type"].partition(";")[0]
        if kind == "application/json":
            schema = {**content[kind]["schema"], "components": document["components"]}
            jsonschema.Draft202012Validator(schema).validate(response.json())
        assert kind in content
        return response

    return ask


@pytest.mark.core_model
def test_answers_are_as_described(documented):
    """Of every route, and what goes wrong on them."""
    chat, responses = "/v1/chat/completions", "/v1/responses"
    assert documented("POST", chat, asking("tiny", max_tokens=3, logprobs=True, top_logprobs=2, n=2)).is_success
    assert documented("POST", chat, asking("tiny", max_tokens=3, stream=True)).is_success
    assert documented("POST", chat, asking("caller", tools=[TOOL])).is_success
    assert documented("POST", chat, asking("nobody")).status_code == 404
    assert documented("POST", chat, {}).status_code == 400
    logprobs = {"include": ["message.output_text.logprobs"]}
    assert documented("POST", responses, {"model": "tiny", "input": "Hi", "max_output_tokens": 3} | logprobs).is_success
    assert documented("POST", responses, {"model": "caller", "input": "Hi", "tools": [{**TOOL, **TOOL["function"]}]})
    assert documented("POST", responses, {"model": "tiny", "input": "Hi", "stream": True}).is_success
    assert documented("POST", responses, {"model": "tiny"}).status_code == 400
    for path in ("/v1/models", "/v1/models/status", "/v1/queues", "/health", "/ready", "/metrics", "/openapi.json"):
        assert documented("GET", path).is_success
    assert documented("GET", "/v1/models/tiny", template="/v1/models/{id}").is_success
    assert documented("GET", "/v1/models/none", template="/v1/models/{id}").status_code == 404
    assert documented("POST", "/v1/models/select", {"model_id": "tiny"}).status_code == 202
    assert documented("POST", "/v1/models/select", {}).status_code == 400


def test_every_route_is_described():
    """And no other."""
    application = application_of(catalog_of("fake:echo"), server_options(port=0, keys=("k",)))
    routes = application.asgi._app.routes
    served = {(route.path.replace(":path", ""), method) for route in routes for method in route.methods - {"HEAD"}}
    from vlmkit.server.openapi import openapi_document

    document = openapi_document(["m"], has_key=True)
    described = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert served - {("/v1/models/select", "GET")} == described
    assert document["security"] == [{"key": []}]
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["description"], name


def test_a_method_that_a_route_has_not_names_those_that_it_has(serving, client):
    """Also where its path could be a model's name."""
    server = serving()
    for method, path, allowed in (
        ("GET", "models/select", "POST"),
        ("DELETE", "models/select", "POST"),
        ("PUT", "chat/completions", "POST"),
    ):
        response = client.request(method, f"{server.url}/{path}")
        assert (response.status_code, response.headers["allow"]) == (405, allowed)
        assert response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.live
@pytest.mark.slow_test
@pytest.mark.core_model
def test_schemathesis_finds_nothing(serving, tmp_path):
    """Thousands of requests by the description: none is a 500, and all answers are as described.

    That data which fit are taken is left out: no schema says which messages may follow each other.
    """
    folder = os.environ.get("VLMKIT_CLIENTS")
    program = Path(folder or "", "schemathesis", "bin", "schemathesis")
    if folder is None or not program.exists():
        pytest.skip("no schemathesis: run tests/server/install_clients.sh, name its folder in VLMKIT_CLIENTS")
    server = serving({"tiny": "tiny", "echo": "fake:echo"}, max_loaded=2, max_answer_tokens=8, queue_size=50)
    address = server.url.replace("/v1", "/openapi.json")
    limits = ["--seed", "1", "--max-examples", "50", "--max-time", "120", "--phases", "coverage,fuzzing"]
    command = [str(program), "run", address, *limits, "--exclude-checks", "positive_data_acceptance"]
    # It keeps a cache where it runs, which does not belong into this tree.
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-20_000:]
