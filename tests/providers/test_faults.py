"""What servers say about refusals, however they say it."""

import pytest

from vlmkit.errors import ServerFault
from vlmkit.providers.faults import fault_of_answer, is_missing_model, retry_after_s, words_of
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
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:29:00 GMT"}, 0.0),
        ({"retry_after": "Wed, 99 Oct 2026 07:28:00 GMT"}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers, expected_s):
    """A date is compared with the server's own clock where it shows it."""
    assert retry_after_s(answer(**headers)) == expected_s


def test_a_date_without_the_servers_clock_is_compared_with_ours():
    """In seconds since 1970, which is when this is."""
    assert retry_after_s(answer(retry_after="Thu, 01 Jan 1970 00:01:00 GMT"), now_s=20) == 40.0


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
