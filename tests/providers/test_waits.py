"""How long a server asks to wait, as the services write it."""

import json

import pytest

from vlmkit.providers.transport import Answer
from vlmkit.providers.waits import retry_after_s


def answer(body=b"", **headers):
    body = json.dumps(body).encode() if isinstance(body, dict | list) else body
    body = body.encode() if isinstance(body, str) else body
    return Answer(status=429, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body)


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
