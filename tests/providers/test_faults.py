"""What servers say about refusals, however they say it."""

import json

import pytest

from vlmkit.errors import PromptTooLong, RateLimited, Refused, ServerFault, Unauthorized
from vlmkit.providers.faults import fault_in_body, fault_of_answer, is_missing_model, retry_after_s, server_words
from vlmkit.providers.transport import HttpAnswer


def answer(body=b"", status=500, **headers):
    body = json.dumps(body) if isinstance(body, dict | list) else body
    body = body if isinstance(body, bytes) else body.encode()
    return HttpAnswer(
        status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": {"message": "No such key.", "code": "invalid_api_key"}}', "No such key. (invalid_api_key)"),
        ('{"error": "model not found"}', "model not found"),
        ('{"detail": [{"msg": "field required", "loc": ["body"]}, {"msg": "too long"}]}', "field required; too long"),
        ('{"detail": "Not Found"}', "Not Found"),
        ('{"error": {"type": "overloaded_error", "message": "Overloaded"}}', "Overloaded (overloaded_error)"),
        ('"plain"', "plain"),
        ('{"error": null}', '{"error": null}'),
        ("<html><title>Bad\n gateway</title><p>nginx", "Bad gateway"),
        ("<p>no <b>title</b></p>", "no title"),
        ("", ""),
        ("a\x00b\x1b]0;x\x07c", "a b ]0;x c"),
        ("[" * 70_000, "[" * 299 + "…"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)  # fmt: skip
def test_words_are_found_in_every_shape(body, words):
    """One line, printable, short."""
    assert server_words(answer(body)) == words


def test_a_redirect_says_where_to():
    """Its body is empty."""
    assert server_words(answer(status=302, location="https://login.example/x")) == "see https://login.example/x"


def test_a_missing_model_is_told_from_a_missing_page():
    """Both are 404."""
    assert is_missing_model(answer('{"error": "model \'x\' not found"}', 404))
    assert not is_missing_model(answer("404 page not found", 404))
    assert not is_missing_model(answer('{"error": "no model"}', 400))


def test_the_fault_says_who_and_what_to_do():
    """Where, status, words, advice."""
    fault = fault_of_answer(answer('{"error": "broken"}', 503), "vllm:m at http://h/v1")
    assert type(fault) is ServerFault
    assert str(fault) == "vllm:m at http://h/v1 answered 503: broken. See the server's log."
    assert "answered 500: nothing more" in str(fault_of_answer(answer(), "x"))


def fault(status, body, **headers):
    body = json.dumps(body) if isinstance(body, dict | list) else body
    return fault_of_answer(answer(body, status, **headers), "x:m at http://h/v1")


GOOGLE = "You exceeded your current quota, please check your plan and billing details."


def google(quota_id, delay="8s"):
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota_id}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]
    return {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": GOOGLE, "details": details}}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": {"message": "key revoked"}}),
        (402, {"error": {"message": "Insufficient credits"}}),
        (402, ""),
        (403, {"error": {"message": "Your project may not use this model"}}),
        (400, {"error": {"message": "Your credit balance is too low to access the API."}}),
        (403, {"error": "You have exceeded your monthly included credits for Inference Providers."}),
        (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
        (429, {"error": {"message": "You exceeded your current quota, please check your plan and billing details."}}),
        (400, {"error": {"message": "Billing hard limit has been reached", "code": "billing_hard_limit_reached"}}),
        (429, google("GenerateRequestsPerDayPerProjectPerModel-FreeTier")),
        (429, {"error": "Rate limit reached for m on requests per day (RPD): Limit 200. Please try again in 7m12s."}),
        (429, {"error": {"message": "Rate limit exceeded: free-models-per-day"}}),
        (429, {"error": {"message": "You have reached your daily limit of requests"}}),
        (429, {"error": {"message": "Please try again in 5h3m."}}),
        (404, {"error": {"message": "model 'm' not found"}}),
        (404, {"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}),
        (400, {"error": "No models loaded. Please load a model in the developer page."}),
        (500, {"error": "model requires more system memory (12.0 GiB) than is available (3.1 GiB)"}),
    ],
)
def test_what_no_further_ask_would_change_is_fatal(status, body):
    """A key, credit, a day's quota, a model that is not there: whoever goes on uploads the rest in vain."""
    assert fault(status, body).is_fatal


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {"error": {"message": "slow down"}}, RateLimited),
        (429, {"error": {"message": GOOGLE + " Please retry in 8.2s."}}, RateLimited),
        (429, google("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), RateLimited),
        (429, {"error": "Limits: 15 requests per minute and 1500 requests per day; slow down"}, RateLimited),
        (429, {"error": {"message": "Rate limit reached on tokens per min (TPM). Try again in 6s."}}, RateLimited),
        (403, {"error": {"message": "Your input was flagged by moderation", "code": 403}}, Refused),
        (400, {"error": {"message": "Your request was rejected by our safety system"}}, Refused),
        (400, {"error": {"message": "image too large"}}, Refused),
        (404, "404 page not found", Refused),
        (422, {"detail": [{"msg": "bad", "input": "payment required: a model is not loaded"}]}, Refused),
        (500, {"error": "cudaMalloc failed: out of memory"}, ServerFault),
        (500, {"error": "[METAL] Command buffer execution failed: Insufficient Memory"}, ServerFault),
        (503, {"error": "loading model"}, ServerFault),
        (500, "", ServerFault),
    ],
)
def test_what_may_pass_or_is_of_one_picture_is_not(status, body, kind):
    """A limit of a minute, a picture that is not wanted, a server that breaks."""
    found = fault(status, body)
    assert (type(found), found.is_fatal) == (kind, False)


def test_a_limit_of_a_minute_says_when_it_is_over():
    """Wherever it says so."""
    assert fault(429, google("RequestsPerMinute", "8.5s")).retry_after_s == 8.5
    assert fault(503, {"error": "Please try again in 20 seconds."}).retry_after_s == 20.0


@pytest.mark.parametrize(
    "words",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB", "torch.cuda.OutOfMemoryError", "cudaMalloc failed",
        "kIOGPUCommandBufferCallbackErrorOutOfMemory", "failed to allocate compute buffers", "std::bad_alloc",
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9216.00 MiB on device 0: cudaMalloc failed",
    ],
)  # fmt: skip
def test_a_full_memory_is_named_and_asked_less(words):
    """It counts as too much at a time, with the advice for it."""
    found = fault(500, {"error": words})
    assert found.is_transient
    assert "memory is too small: lower workers" in str(found)


def test_an_error_in_a_good_answer_is_what_it_says():
    """As gateways write what their provider answered."""
    body = {"error": {"code": 402, "message": "Insufficient credits"}}
    found = fault_in_body(answer(json.dumps(body), 200), "x")
    assert (type(found), found.is_fatal) == (Refused, True)
    assert type(fault_in_body(answer(json.dumps({"error": {"code": 401, "message": "no"}}), 200), "x")) is Unauthorized
    assert type(fault_in_body(answer(json.dumps({"error": {"status": "429"}}), 200), "x")) is RateLimited
    for other in (
        {"error": {"code": 12345}},
        {"error": {"code": True}},
        {"error": None, "choices": []},
        {"error": "x"},
        {"error": {"code": "odd"}},
        {"choices": [1]},
        [1],
    ):
        assert fault_in_body(answer(json.dumps(other), 200), "x") is None
    good = {"choices": [{"message": {"content": "error"}}], "error": {"code": 402}}
    assert fault_in_body(answer(json.dumps(good), 200), "x") is None
    assert fault_in_body(answer('{"error": ', 200), "x") is None


def said(message):
    return {"error": {"message": message, "type": "rate_limit"}}


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": " 0.5 "}, 0.5),
        ({"retry_after": "-3"}, 0.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "8s"}, 8.0),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:29:00 GMT"}, 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers, expected_s):
    """Never below nothing."""
    assert retry_after_s(answer(**headers)) == expected_s


def test_a_date_without_the_servers_clock_is_compared_with_ours():
    """Whose is given here."""
    late = answer(retry_after="Wed, 21 Oct 2026 07:28:30 GMT")
    assert retry_after_s(late, now_s=1792567700.0) == 10.0


@pytest.mark.parametrize("delay", ["8s", "8.0s", "8", 8, 8.0, {"seconds": 8}, {"seconds": "7", "nanos": 1_000_000_000}])
def test_google_says_it_in_its_details(delay):
    """At any depth, also in the list that its other dialect wraps around, also where a gateway hands it on as text."""
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    body = {"error": {"code": 429, "message": "Quota exceeded.", "details": [{"@type": "x"}, info]}}
    assert retry_after_s(answer(body)) == 8.0
    assert retry_after_s(answer([body])) == 8.0


def test_a_body_within_a_body_is_read():
    """As OpenRouter hands on what its provider said."""
    raw = json.dumps({"error": {"details": [{"retryDelay": "1.5s"}]}})
    assert retry_after_s(answer({"error": {"message": "Provider error", "metadata": {"raw": raw}}})) == 1.5


@pytest.mark.parametrize(
    ("message", "expected_s"),
    [
        ("Rate limit reached for gpt-4o. Please try again in 8s. Visit https://platform.openai.com", 8.0),
        ("Rate limit reached: Limit 30000, Used 29500, Requested 900. Please try again in 800ms.", 0.8),
        ("Please try again in 1m30s.", 90.0),
        ("Please try again in 7m12s. Need more tokens?", 432.0),
        ("Please try again in 1h2m3.5s", 3723.5),
        ("Please retry after 20 seconds.", 20.0),
        ("Please retry after 6 milliseconds", 0.006),
        ("Please retry after 6 ms", 0.006),
        ("Quota exceeded. Please retry in 8.25s.", 8.25),
        ("Too many requests, please wait 3 seconds before trying again", 3.0),
        ("try again in 1 minute and 30 seconds", 90.0),
        ("Try again in about 2 hours", 7200.0),
        ("You can retry your request in 12 secs", 12.0),
        ("Your limit resets in 45 sec", 45.0),
        ("Retry after 500us", 0.0005),
        ("Your limit resets in 2 hours. Please try again in 8s.", 8.0),
        ("slow down", None),
        ("Please try again later.", None),
        ("Please try again in a moment", None),
        ("You may send 15 requests in 60 seconds", None),
        ("Limit 30 s of audio", None),
        ("try again in 5 sentences", None),
    ],
)
def test_sentences_are_understood(message, expected_s):
    """With every unit that services use; a number that is not a wait is none."""
    expected = None if expected_s is None else pytest.approx(expected_s)
    assert retry_after_s(answer(said(message))) == expected
    assert retry_after_s(answer(message)) == expected


@pytest.mark.parametrize(
    "field", [{"retry_after": 4}, {"retryAfter": "4"}, {"retry_after_seconds": 4.0}, {"retry_after_ms": 4000}]
)
def test_other_services_have_a_field(field):
    """Under several names."""
    assert retry_after_s(answer({"detail": [field]})) == 4.0


@pytest.mark.parametrize("value", [None, True, "soon", [], float("inf"), "nan", {}])
def test_fields_that_say_nothing_useful(value):
    """Are no wait for ever."""
    assert retry_after_s(answer(json.dumps({"retryDelay": value}))) in (None, 0.0)


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "6m0s"}, 360.0),
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "20ms"}, 0.02),
        ({"x_ratelimit_remaining_requests": "9", "x_ratelimit_reset_requests": "6m0s"}, None),
        ({"x_ratelimit_reset_requests": "6m0s"}, None),
        (
            {
                "x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "1s",
                "x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "4s",
            },
            4.0,
        ),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "30"}, 30.0),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1792567730"}, 30.0),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "1792567730000"}, 30.0),
        (
            {
                "anthropic_ratelimit_requests_remaining": "0",
                "anthropic_ratelimit_requests_reset": "2026-10-21T07:28:50Z",
            },
            30.0,
        ),
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "soon"}, None),
    ],
)  # fmt: skip
def test_a_limit_that_is_used_up_says_when_it_begins_anew(headers, expected_s):
    """As a duration, seconds, a moment in seconds or milliseconds, or a date; others are not waited for."""
    expected = None if expected_s is None else pytest.approx(expected_s)
    assert retry_after_s(answer(**headers), now_s=1792567700.0) == expected


def test_what_is_said_on_purpose_comes_first():
    """A header before a field, a field before a sentence, and that before a limit."""
    body = {"message": "try again in 3s", "retryDelay": "2s"}
    limits = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "40"}
    assert retry_after_s(answer(body, retry_after="1", **limits)) == 1.0
    assert retry_after_s(answer(body, **limits)) == 2.0
    assert retry_after_s(answer(said("try again in 3s"), **limits)) == 3.0
    assert retry_after_s(answer(**limits)) == 40.0


@pytest.mark.parametrize("body", ["[" * 70_000, b"\xff\xfe", "", "{", "retryDelay: " + "9" * 400 + "s"])
def test_strange_bodies_are_no_trouble(body):
    """Nested without end, no text at all, too large a number."""
    assert retry_after_s(answer(body)) is None


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        "the request exceeds the available context size, try increasing it",
        "prompt is too long: 210000 tokens > 200000 maximum",
    ],
)
def test_a_prompt_beyond_the_context_is_told_from_other_refusals(words):
    """As OpenAI, llama.cpp and Anthropic say it; a refusal for other reasons stays one."""
    assert type(fault_of_answer(answer({"error": {"message": words}}, 400), "m")) is PromptTooLong
    code = {"error": {"message": "too many", "code": "context_length_exceeded"}}
    assert type(fault_of_answer(answer(code, 400), "m")) is PromptTooLong
    assert type(fault_of_answer(answer({"error": {"message": "temperature is too high"}}, 400), "m")) is Refused
