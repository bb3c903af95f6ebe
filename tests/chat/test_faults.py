"""Faults get the status, type and code by which clients know whether to ask again."""

import pytest

from vlmkit import errors
from vlmkit.chat import ChatError, chat_error


@pytest.mark.parametrize(
    ("fault", "status", "kind", "code"),
    [
        (errors.BadSetting("x"), 400, "invalid_request_error", None),
        (errors.BadSchema("x"), 400, "invalid_request_error", "invalid_schema"),
        (errors.UnreadableImage("x"), 400, "invalid_request_error", "invalid_image"),
        (errors.ImageNotFound("x"), 400, "invalid_request_error", "invalid_image"),
        (errors.UnsupportedFormat("x"), 400, "invalid_request_error", "invalid_image"),
        (errors.ImageTooLarge("x"), 400, "invalid_request_error", "image_too_large"),
        (errors.Refused("x"), 400, "invalid_request_error", None),
        (errors.PromptTooLong("x"), 400, "invalid_request_error", "context_length_exceeded"),
        (errors.Refused("no credit", is_fatal=True), 500, "server_error", None),
        (errors.UnknownModel("x"), 404, "invalid_request_error", "model_not_found"),
        (errors.ModelNotFound("x"), 404, "invalid_request_error", "model_not_found"),
        (errors.RateLimited("x", retry_after_s=3.0), 503, "server_busy", "rate_limited"),
        (errors.TimedOut("x"), 503, "server_error", "timeout"),
        (errors.Unreachable("x"), 503, "server_error", "unreachable"),
        (errors.ModelLoadFailed("x"), 503, "server_busy", "model_load_failed"),
        (errors.ServerFault("x"), 500, "server_error", None),
        (errors.ServerFault("x", is_transient=True), 503, "server_error", None),
        (errors.Unauthorized("x"), 500, "server_error", None),
        (errors.Cancelled("x"), 499, "server_error", "cancelled"),
        (errors.UnreadableReply("x"), 500, "server_error", None),
        (KeyError("secret"), 500, "server_error", None),
    ],
)
def test_each_fault_has_its_status(fault, status, kind, code):
    """None is a 422, a 408 or a 401, which clients take for something else."""
    error = chat_error(fault, param="messages")
    assert (error.status, error.kind, error.code) == (status, kind, code)
    assert error.param == ("messages" if status < 499 else None)
    assert error.body["error"]["message"]


def test_a_prompt_that_is_too_long_is_about_the_messages():
    """As OpenAI names it; other faults of the model name no field."""
    assert chat_error(errors.PromptTooLong("x")).param == "messages"
    assert chat_error(errors.Refused("x")).param is None


def test_how_long_to_wait_and_whether_at_all():
    """What a server said is passed on; a model that cannot be loaded is not asked for again."""
    assert chat_error(errors.RateLimited("x", retry_after_s=3.0)).retry_after_s == 3.0
    assert chat_error(errors.ModelLoadFailed("x")).should_retry is False
    assert chat_error(errors.ServerFault("x")).should_retry is None


def test_words_of_strange_errors_stay_here():
    """They may hold anything."""
    assert "secret" not in str(chat_error(KeyError("secret")))


def test_an_error_of_the_dialect_stays_itself():
    """It was made with care before."""
    error = ChatError("x", param="n")
    assert chat_error(error, param="other") is error
