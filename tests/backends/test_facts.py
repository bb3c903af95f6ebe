"""What an open model tells about itself."""

from concurrent.futures import Future

import pytest

from vlmkit.backends.facts import Compatibility, Counts, ModelInfo, counted, reply_in
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
        counts = counted(counts, reply_in(ended(result)))
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


FOUND = Compatibility(
    name="org/<model>",
    family="qwen2_vl",
    layout="v5",
    verdict="wrong",
    why="tiles",
    settings=("one",),
    quantization="mlx affine, 4-bit",
    images_per_ask=8,
    serving="batched",
    longest_side_px=4389,
    context_length=32768,
    parameters=2_000_000,
    stored_bytes=2**30,
    float32_bytes=2**32,
    free_bytes=2**31,
    needs_code=True,
)


def test_facts_are_said_in_words():
    """A line each; a wrong family is shouted."""
    assert FOUND.facts == {
        "answers": "WRONG: tiles",
        "family": "qwen2_vl, layout v5",
        "settings": "one",
        "weights": "mlx affine, 4-bit, 2,000,000 parameters",
        "memory": "4.0 GiB at single precision, 1.0 GiB as stored, 2.0 GiB free",
        "pictures": "8 per question, batched, longest side 4,389 px",
        "context": "32,768 tokens",
        "code": "writes its own code: needs allow_code",
        "here": "not downloaded",
    }
    assert repr(FOUND).splitlines()[:2] == ["org/<model>", "  answers   WRONG: tiles"]


def test_a_notebook_shows_a_table():
    """Names are text, not markup."""
    html = FOUND._repr_html_()
    assert "<caption>org/&lt;model&gt;</caption>" in html
    assert html.count("<tr>") == len(FOUND.facts)


def test_what_is_not_known_is_left_out():
    """Nothing is made up."""
    assert Compatibility(name="x", verdict="fails", why="broken", obstacle="broken").facts == {
        "answers": "fails",
        "obstacle": "broken",
        "family": "unknown",
        "here": "not downloaded",
    }
