"""What a client is told that gets no answer."""

import json

import pytest

from vlmkit.errors import ChatError
from vlmkit.server.problems import error_response, refused
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
