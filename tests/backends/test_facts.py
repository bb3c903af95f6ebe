"""What an open model tells about itself."""

from concurrent.futures import Future

import pytest

from vlmkit.backends.facts import Counts, ModelInfo, counted
from vlmkit.errors import ServerFault
from vlmkit.records import Reply, Usage


def ended(result):
    future = Future()
    if isinstance(result, Exception):
        future.set_exception(result)
    elif result is None:
        future.cancel()
    else:
        future.set_result(result)
    return future


def test_every_end_of_an_ask_is_counted():
    """Replies with their tokens, as far as they are known; faults and cancelled asks."""
    known = Reply(text="a", finish_reason="stop", model="m", usage=Usage(prompt_tokens=5, completion_tokens=2))
    counts = Counts()
    for result in (known, known, Reply(text="a", finish_reason="stop", model="m"), ServerFault("broken"), None):
        counts = counted(counts, ended(result))
    assert (counts.answered, counts.failed, counts.prompt_tokens, counts.completion_tokens) == (3, 2, 10, 4)


def test_a_speed_is_only_known_where_the_time_is():
    """A server does not say how long it decoded; before the first token it is 0."""
    assert Counts(completion_tokens=4).tokens_per_second is None
    assert Counts(decode_seconds=0.0).tokens_per_second == 0.0
    assert Counts(completion_tokens=4, decode_seconds=2.0).tokens_per_second == pytest.approx(2.0)


def test_what_is_not_known_is_none():
    """Nothing is made up."""
    info = ModelInfo(name="vllm:m")
    assert (info.parameters, info.context_length, info.has_tokenizer) == (None, None, False)
