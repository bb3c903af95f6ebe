"""OpenAI's contract, line by line: every failure has its status, its object and its headers."""

import functools

import openai
import pytest
from dripping import Dripping
from openai import OpenAI
from openai_contract import refused, text_part, user

import vlmkit as vk
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import RateLimited, Refused, ServerFault

pytestmark = pytest.mark.core_model


@pytest.mark.parametrize(
    ("method", "path", "content", "kind", "code"),
    [
        ("GET", "/nothing", None, openai.NotFoundError, "not_found"),
        ("POST", "/completions", "{}", openai.NotFoundError, "not_found"),
        ("POST", "/embeddings", "{}", openai.NotFoundError, "not_found"),
        ("GET", "/responses/resp_1", None, openai.NotFoundError, "not_found"),
        ("GET", "/chat/completions", None, openai.APIStatusError, "method_not_allowed"),
        ("DELETE", "/models/tiny", None, openai.APIStatusError, "method_not_allowed"),
        ("POST", "/chat/completions", "{", openai.BadRequestError, "invalid_json"),
        ("POST", "/chat/completions", "[]", openai.BadRequestError, None),
        ("POST", "/chat/completions", "{}", openai.BadRequestError, None),
        ("POST", "/responses", "{", openai.BadRequestError, "invalid_json"),
        ("POST", "/responses", "{}", openai.BadRequestError, None),
        ("POST", "/chat/completions", " " * 2**21, openai.APIStatusError, "request_too_large"),
        ("POST", "/models/select", "{}", openai.BadRequestError, None),
    ],
)
def test_every_path_answers_with_the_error_object(sdk, method, path, content, kind, code):
    """So that the client has message, type, param and code."""
    call = sdk.get if method == "GET" else sdk.post if method == "POST" else sdk.delete
    options = {} if content is None else {"content": content.encode()}
    error = refused(lambda: call(path, cast_to=object, **options), kind)
    statuses = {"method_not_allowed": 405, "request_too_large": 413}
    assert error.status_code == statuses.get(code, error.status_code)
    assert (error.code, error.type) == (code, "invalid_request_error")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_prompt_that_is_longer_than_the_context_has_its_own_code(sdk, streamed):
    """Clients shorten the conversation when they see it."""
    messages = user(text_part("a " * 9000))
    error = refused(lambda: sdk.chat.completions.create(model="tiny", messages=messages, stream=streamed))
    assert (error.type, error.code, error.param) == ("invalid_request_error", "context_length_exceeded", "messages")
    error = refused(lambda: sdk.responses.create(model="tiny", input="a " * 9000, stream=streamed))
    assert (error.type, error.code, error.param) == ("invalid_request_error", "context_length_exceeded", "input")


def test_an_unknown_model_is_not_found(sdk):
    """On every route, and no path is ever opened."""
    for call in (
        lambda: sdk.chat.completions.create(model="gpt-9", messages=user()),
        lambda: sdk.chat.completions.create(model="/etc", messages=user(), stream=True),
        lambda: sdk.responses.create(model="gpt-9", input="a"),
        lambda: sdk.models.retrieve("gpt-9"),
    ):
        error = refused(call, openai.NotFoundError)
        assert (error.code, error.type) == ("model_not_found", "invalid_request_error")


@pytest.mark.parametrize("url", ["data:image/png;base64,AAAA", "file:///etc/passwd", "http://127.0.0.1:9/a.png"])
def test_a_picture_that_cannot_be_read_is_named(sdk, url):
    """By the place of its part."""
    part = {"type": "image_url", "image_url": {"url": url}}
    error = refused(lambda: sdk.chat.completions.create(model="tiny", messages=user(text_part(), part)))
    assert (error.code, error.param) == ("invalid_image", "messages[0].content[1]")


def test_a_key_is_asked_for_as_the_client_expects():
    """401 with the scheme, and an answer with the right key."""
    server = vk.serve("fake:echo", key="right")
    try:
        with OpenAI(base_url=server.url, api_key="wrong", max_retries=0) as client:
            error = refused(client.models.list, openai.AuthenticationError)
            assert (error.code, error.response.headers["www-authenticate"]) == ("invalid_api_key", "Bearer")
            assert client.with_options(api_key="right").models.list().data[0].id == "fake:echo"
    finally:
        server.stop()


def test_a_busy_server_says_when_to_come_back():
    """503 with a time that the client keeps to."""
    server = vk.serve({"m": Dripping(words=2000, slots=1)}, queue_size=1)
    given = {"model": "m", "messages": user(), "stream": True}
    try:
        with OpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
            with client.chat.completions.create(**given) as first, client.chat.completions.create(**given) as second:
                next(iter(first)), next(iter(second))
                error = refused(lambda: client.chat.completions.create(**given), openai.InternalServerError)
            assert (error.status_code, error.type, error.code) == (503, "server_busy", "queue_full")
            assert error.body["queued"] is True
            assert int(error.response.headers["retry-after"]) >= 1
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("fault", "status", "kind", "code", "tries"),
    [
        (ServerFault("It broke."), 500, "server_error", None, 2),
        (RateLimited("Too many.", retry_after_s=0.1), 503, "server_busy", "rate_limited", 2),
        (Refused("Not this."), 400, "invalid_request_error", None, 1),
    ],
    ids=["fault", "busy", "refused"],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_model_that_fails_is_asked_again_by_the_client_where_that_may_help(
    fault, status, kind, code, tries, streamed
):
    """And never after a 400."""
    backend = FakeBackend(replies=fault)
    server = vk.serve({"m": backend})
    try:
        with OpenAI(base_url=server.url, api_key="none", max_retries=1) as client:
            create = client.chat.completions.create
            error = refused(lambda: create(model="m", messages=user(), stream=streamed), openai.APIStatusError)
    finally:
        server.stop()
    assert (error.status_code, error.type, error.code, len(backend.asks)) == (status, kind, code, tries)


def test_a_model_that_cannot_be_loaded_is_not_asked_for_again(tmp_path):
    """The server tells the client so, and not where the model should be."""
    server = vk.serve({"m": "fake:echo", "broken": f"fake:{tmp_path}/none.json"})
    try:
        with OpenAI(base_url=server.url, api_key="none", max_retries=2) as client:
            ask = functools.partial(client.chat.completions.create, model="broken", messages=user())
            error = refused(ask, openai.InternalServerError)
    finally:
        server.stop()
    assert (error.status_code, error.type, error.code) == (503, "server_busy", "model_load_failed")
    assert error.response.headers["x-should-retry"] == "false"
    assert str(tmp_path) not in str(error.body)
