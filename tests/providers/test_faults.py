"""What servers say about refusals, however they say it."""

import json

import pytest

from vlmkit.errors import RateLimited, Refused, ServerFault, Unauthorized
from vlmkit.providers.faults import fault_in_body, fault_of_answer, is_missing_model, words_of
from vlmkit.providers.transport import Answer


def answer(body=b"", status=500, **headers):
    body = body if isinstance(body, bytes) else body.encode()
    return Answer(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body)


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
    assert words_of(answer(body)) == words


def test_a_redirect_says_where_to():
    """Its body is empty."""
    assert words_of(answer(status=302, location="https://login.example/x")) == "see https://login.example/x"


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
