"""What a client is told that gets no answer."""

import json

import pytest

from vlmkit.errors import ChatError
from vlmkit.server.problems import error_response, refused, without_addresses
from vlmkit.server.tickets import Refusal


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_has_words_and_a_code(refusal):
    """503, and whether another try can succeed."""
    response = error_response(refused(refusal, "m", 3.2))
    error = json.loads(response.body)["error"]
    assert (response.status_code, error["code"], error["type"]) == (503, refusal, "server_busy")
    assert ("retry-after" in response.headers) != (response.headers.get("x-should-retry") == "false")


def test_the_time_to_come_back_is_bounded_and_not_the_same_for_all():
    """Else all who were refused together would come back together."""
    waits = {int(error_response(refused(Refusal.QUEUE_FULL, "m", 40.0)).headers["retry-after"]) for _ in range(200)}
    assert min(waits) >= 40
    assert max(waits) <= 50
    assert len(waits) > 3
    assert int(error_response(refused(Refusal.QUEUE_FULL, "m", 9999.0)).headers["retry-after"]) <= 75
    assert int(error_response(refused(Refusal.QUEUE_FULL, "m")).headers["retry-after"]) >= 1


def test_an_error_has_all_its_keys_and_whether_it_waited():
    """Clients read them without looking whether they are there."""
    assert json.loads(error_response(ChatError("What.", status=404)).body) == {
        "error": {"message": "What.", "type": "invalid_request_error", "param": None, "code": None}
    }
    assert json.loads(error_response(refused(Refusal.QUEUE_FULL, "m")).body)["error"]["queued"] is True


@pytest.mark.parametrize(
    ("text", "told", "addresses"),
    [
        (
            "vllm:org/m at http://gpu-box:8000/v1 answered 500: gpu-box:8000 is down.",
            "m at [address] answered 500: [address] is down.",
            ["http://gpu-box:8000/v1", "gpu-box:8000"],
        ),
        ("http://me:key@[::1]:8000/v1: no.", "[address]: no.", ["http://me:key@[::1]:8000/v1"]),
        (
            "https://a.example/v1: a.example is unknown.",
            "[address]: [address] is unknown.",
            ["https://a.example/v1", "a.example"],
        ),
        (
            "Proxy 10.0.0.7:3128 and [fe80::1]:80 are down.",
            "Proxy [address] and [address] are down.",
            ["10.0.0.7:3128", "[fe80::1]:80"],
        ),
        (
            "Version 1.2.3, 8192 tokens: messages[0].content[1].",
            "Version 1.2.3, 8192 tokens: messages[0].content[1].",
            [],
        ),
        ("It ended at 12:30; seed:17.", "It ended at 12:30; seed:17.", []),
        ("http://: is none.", "[address]: is none.", ["http://"]),
    ],
)
def test_where_a_models_server_is_stays_here(text, told, addresses):
    """Whoever asks gets the rest of the words; versions, times and paths of fields are no addresses."""
    assert without_addresses(text, {"vllm:org/m": "m", "is": "was"}) == (told, addresses)
