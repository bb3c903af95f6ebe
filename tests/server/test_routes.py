"""Every route over real HTTP: what comes back, and the error object where nothing does."""

import base64
import io
import json

import pytest
from chat_clients import asking, chunks_of, reading, text_of, until
from dripping import Dripping
from PIL import Image

from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import ServerFault


def picture_url(color="teal", size=(64, 48)):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def showing(model, url=None, **fields):
    parts = [{"type": "text", "text": "Look."}, {"type": "image_url", "image_url": {"url": url or picture_url()}}]
    return {"model": model, "messages": [{"role": "user", "content": parts}], **fields}


def error_of(response):
    """The error object, which has all four keys on every path."""
    (error,) = response.json().values()
    assert {"message", "type", "param", "code"} <= error.keys()
    return error


def test_a_chat_completion_whole_and_streamed(serving, client):
    """Both have the same text, usage and ending."""
    server = serving("fake:echo")
    whole = client.post(f"{server.url}/chat/completions", json=showing("fake:echo")).json()
    (choice,) = whole["choices"]
    assert (whole["object"], whole["model"], choice["finish_reason"]) == ("chat.completion", "fake:echo", "stop")
    assert choice["message"]["content"] == "64x48 image/png: Look."
    body = showing("fake:echo", stream=True, stream_options={"include_usage": True})
    with client.stream("POST", f"{server.url}/chat/completions", json=body) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        chunks = chunks_of(response)
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert text_of(chunks) == choice["message"]["content"]
    assert (chunks[-2]["choices"][0]["finish_reason"], chunks[-1]["choices"]) == ("stop", [])
    assert chunks[-1]["usage"] == whole["usage"]
    assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1


def test_the_responses_api_whole_and_streamed(serving, client):
    """Events have names and numbers, and the last one has the whole answer."""
    server = serving("fake:echo")
    body = {"model": "fake:echo", "input": "Say something."}
    whole = client.post(f"{server.url}/responses", json=body).json()
    assert (whole["object"], whole["status"]) == ("response", "completed")
    assert whole["output"][0]["content"][0]["text"] == "Say something."
    with client.stream("POST", f"{server.url}/responses", json={**body, "stream": True}) as response:
        events = named_events(response)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert (events[0]["type"], events[-1]["type"]) == ("response.created", "response.completed")
    assert "".join(event.get("delta", "") for event in events) == "Say something."
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "Say something."
    response = client.post(f"{server.url}/responses", json={**body, "previous_response_id": "resp_1"})
    assert (response.status_code, error_of(response)["param"]) == (400, "previous_response_id")


def test_a_response_that_waits_and_fails_says_so(serving, client, tmp_path):
    """By the event that stands for a failure."""
    server = serving({"a": Dripping("a"), "broken": f"fake:{tmp_path}/none.json"})
    body = {"model": "broken", "input": "Say something.", "stream": True}
    with reading(server.url, asking("a")), client.stream("POST", f"{server.url}/responses", json=body) as response:
        events = named_events(response)
    assert [event["type"] for event in events] == ["response.created", "response.in_progress", "response.failed"]
    assert "could not be loaded" in events[-1]["response"]["error"]["message"]


def named_events(response):
    """Events of the Responses API, each under its own name."""
    lines = [line for line in response.iter_lines() if line and not line.startswith(":")]
    names, data = lines[::2], [json.loads(line.removeprefix("data: ")) for line in lines[1::2]]
    assert names == [f"event: {event['type']}" for event in data]
    return data


@pytest.mark.core_model
def test_the_bundled_model_answers(serving, client):
    """Real pixels, real tokens; several choices at once."""
    server = serving("tiny")
    answer = client.post(f"{server.url}/chat/completions", json=showing("tiny", n=2, max_tokens=8)).json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1]
    assert all(choice["message"]["content"] for choice in answer["choices"])
    assert answer["usage"]["completion_tokens"] > 0


def test_models_are_those_of_the_list(serving, client):
    """Also one whose name has slashes and blanks; others are a 404 that names them."""
    server = serving({"plain": "fake:echo", "mlx:org/name b": "fake:other"})
    listed = client.get(f"{server.url}/models").json()
    assert [(entry["id"], entry["owned_by"]) for entry in listed["data"]] == [
        ("plain", "vlmkit"),
        ("mlx:org/name b", "vlmkit"),
    ]
    assert [entry["status"]["value"] for entry in listed["data"]] == ["loaded", "unloaded"]
    assert client.get(f"{server.url}/models/mlx:org%2Fname%20b").json()["id"] == "mlx:org/name b"
    for response in (
        client.get(f"{server.url}/models/none"),
        client.post(f"{server.url}/chat/completions", json=asking("/etc")),
        client.post(f"{server.url}/models/select", json={"model": "none"}),
    ):
        assert (response.status_code, error_of(response)["code"]) == (404, "model_not_found")
        assert "plain" in error_of(response)["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/nothing", None, 404, "not_found"),
        ("GET", "/v1/chat/completions", None, 405, "method_not_allowed"),
        ("POST", "/v1/chat/completions", b"{", 400, "invalid_json"),
        ("POST", "/v1/chat/completions", b"\xff\xfe", 400, "invalid_json"),
        ("POST", "/v1/chat/completions", b'{"model": NaN}', 400, "invalid_json"),
        ("POST", "/v1/chat/completions", b"[" * 100_000, 400, "invalid_json"),
        ("POST", "/v1/chat/completions", b"[]", 400, None),
        ("POST", "/v1/chat/completions", b'{"model": "fake:echo"}', 400, None),
        ("POST", "/v1/chat/completions", b'{"model": "fake:echo", "messages": []}', 400, None),
        ("POST", "/v1/models/select", b"{}", 400, None),
    ],
)
def test_what_cannot_be_answered_is_an_error_object(serving, client, method, path, body, status, code):
    """On every path, with its status."""
    server = serving()
    response = client.request(method, server.url.removesuffix("/v1") + path, content=body)
    assert (response.status_code, error_of(response)["code"]) == (status, code)
    assert response.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,AAAA",
        "data:image/png;base64,%%%",
        "file:///etc/passwd",
        "/etc/passwd",
        "/no/such/file",
        "http://127.0.0.1:9/a.png",
        "https://example.org/a.png",
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_picture_that_cannot_be_used_is_a_400(serving, client, url, stream):
    """Streamed too; of files on the server's disk nothing is told."""
    server = serving()
    response = client.post(f"{server.url}/chat/completions", json=showing("fake:echo", url, stream=stream))
    assert (response.status_code, error_of(response)["code"]) == (400, "invalid_image")
    assert "passwd" not in response.text


def test_a_full_queue_is_a_503_with_a_time_to_come_back(serving, client):
    """Said before anything is computed, to streams too."""
    backend = Dripping(words=1000, slots=1)
    server = serving({"m": backend}, queue_size=1)
    with reading(server.url, asking("m")), reading(server.url, asking("m")):
        response = client.post(f"{server.url}/chat/completions", json=asking("m", stream=True))
    assert (response.status_code, error_of(response)["code"]) == (503, "queue_full")
    assert error_of(response)["queued"] is True
    assert 1 <= int(response.headers["retry-after"]) <= 75


def test_selecting_loads_ahead_and_the_status_tells(serving, client):
    """202, and 409 while another one is coming."""
    server = serving({"a": Dripping("a", words=2000), "b": "fake:b", "c": "fake:c"})
    assert client.post(f"{server.url}/models/select", json={"model": "a"}).json() == {
        "status": "already_active",
        "model": "a",
    }
    with reading(server.url, asking("a")):
        response = client.post(f"{server.url}/models/select", json={"model_id": "b"})
        assert (response.status_code, response.json()["status"]) == (202, "initiated")
        response = client.post(f"{server.url}/models/select", json={"model": "c"})
        assert (response.status_code, error_of(response)["code"]) == (409, "switch_in_progress")
        status = client.get(f"{server.url}/models/status").json()
        assert (status["active"], status["running"]["a"]) == ("a", 1)
    until(lambda: client.get(f"{server.url}/models/status").json()["loaded"] == ["b"])
    queues = client.get(f"{server.url}/queues").json()["data"]
    assert [(row["model"], row["status"]) for row in queues] == [("a", "unloaded"), ("b", "loaded"), ("c", "unloaded")]


def test_a_model_that_cannot_be_loaded_is_a_503_without_another_try(serving, client, tmp_path):
    """Its place in memory is not given to it again at once; the others go on."""
    server = serving({"a": "fake:echo", "broken": f"fake:{tmp_path}/none.json"})
    for _ in range(2):
        response = client.post(f"{server.url}/chat/completions", json=asking("broken"))
        assert (response.status_code, error_of(response)["code"]) == (503, "model_load_failed")
        assert response.headers["x-should-retry"] == "false"
        assert str(tmp_path) not in response.text
    assert client.post(f"{server.url}/chat/completions", json=asking("a")).status_code == 200


@pytest.mark.parametrize("path", ["chat/completions", "responses"])
def test_where_the_models_own_server_is_stands_in_the_log_alone(serving, client, caplog, path):
    """Clients get its words."""
    fault = ServerFault("vllm:m at http://gpu-box:8000/v1 answered 500: Out of memory.")
    server = serving({"m": FakeBackend("m", replies=fault)})
    with caplog.at_level("WARNING", "vlmkit.server"):
        response = client.post(f"{server.url}/{path}", json={**asking("m"), "input": "Say something."})
    assert error_of(response)["message"] == "vllm:m at [address] answered 500: Out of memory."
    assert "ServerFault from http://gpu-box:8000/v1" in caplog.text
    assert "Out of memory" not in caplog.text


def test_health_readiness_and_figures(serving, client):
    """Figures have names of models as labels, and nothing that a client wrote."""
    server = serving("fake:echo")
    root = server.url.removesuffix("/v1")
    assert client.get(f"{root}/health").json() == {"status": "ok"}
    assert client.get(f"{root}/ready").json() == {"status": "ready"}
    client.post(f"{server.url}/chat/completions", json=asking("fake:echo", "a secret"))
    client.post(f"{server.url}/chat/completions", json=asking("nobody-knows-this"))
    figures = client.get(f"{root}/metrics").text
    assert 'vlmkit_request_success_total{finished_reason="stop",model_name="fake:echo"} 1.0' in figures
    assert 'vlmkit_num_requests_running{model_name="fake:echo"} 0.0' in figures
    assert "nobody-knows" not in figures
    assert "secret" not in figures
