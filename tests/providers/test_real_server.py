"""A server that strangers wrote, with the bundled model: its captions are right, in two dialects."""

import json
from pathlib import Path

import pytest

from vlmkit import sources
from vlmkit.backends import load
from vlmkit.records import Ask, Message, Sampling, ToolCall, ToolDefinition, one_question

pytestmark = pytest.mark.core_model

SCENES = Path(__file__).parents[2] / "datasets" / "scenes"
WAIT_S = 60


@pytest.fixture(scope="module")
def scenes():
    """The first pictures of the data set, and how many shapes are on each."""
    lines = [json.loads(line) for line in (SCENES / "metadata.jsonl").read_text().splitlines()[:8]]
    refs = sources.read([str(SCENES / line["file_name"]) for line in lines])
    return [(sources.normalize(ref, 1024), line) for ref, line in zip(refs, lines, strict=True)]


def captions(name, scenes):
    backend = load(name)
    try:
        asks = [Ask(messages=one_question("Describe this image in detail.", (picture,))) for picture, _ in scenes]
        return [future.result(WAIT_S).text for future in [backend.submit(ask) for ask in asks]]
    finally:
        backend.close()


@pytest.mark.parametrize("engine", ["mlx-vlm", "anthropic", "openai"])
def test_captions_are_those_of_the_model_itself(mlx_vlm_server, scenes, engine):
    """Asked over HTTP in either dialect, the model says what it says in this process."""
    name = engine + mlx_vlm_server.removeprefix("mlx-vlm")
    written = captions(name, scenes)
    assert written == captions("tiny", scenes)
    right = [caption == line["detailed"] for caption, (_, line) in zip(written, scenes, strict=True)]
    assert sum(right) >= len(right) - 1


@pytest.mark.parametrize("engine", ["mlx-vlm", "anthropic"])
def test_it_streams(mlx_vlm_server, scenes, engine):
    """Piece by piece, with reason and tokens at the end."""
    backend = load(engine + mlx_vlm_server.removeprefix("mlx-vlm"))
    picture, _ = scenes[0]
    ask = Ask(messages=one_question("Describe this image in detail.", (picture,)), sampling=Sampling(max_tokens=5))
    *pieces, last = backend.stream(ask)
    backend.close()
    assert len(pieces) > 1
    assert "".join(piece.text for piece in pieces) == last.reply.text
    assert last.reply.finish_reason == "length"
    assert last.reply.usage.completion_tokens == 5


@pytest.mark.parametrize("engine", ["mlx-vlm", "anthropic", "openai"])
def test_it_takes_a_whole_conversation(mlx_vlm_server, scenes, engine):
    """Tools, a call, its result with a picture, and two questions in a row, in either dialect."""
    backend = load(engine + mlx_vlm_server.removeprefix("mlx-vlm"))
    (first, _), (second, _) = scenes[:2]
    call = ToolCall(id="call_0", name="look", arguments='{"row": 1}')
    messages = (
        Message.system("Be brief."),
        Message.user("What is in this picture?", [first]),
        Message.assistant("", [call]),
        Message.tool("call_0", "one more picture", [second]),
        Message.user("Look at both."),
        Message.user("Describe this image."),
    )
    tools = (ToolDefinition(name="look", parameters='{"type": "object", "properties": {"row": {"type": "integer"}}}'),)
    *pieces, last = backend.stream(Ask(messages=messages, tools=tools, sampling=Sampling(max_tokens=8)))
    backend.close()
    assert last.reply.text
    assert "".join(piece.text for piece in pieces) == last.reply.text


def test_it_is_listed(mlx_vlm_server):
    """Its model is in the list of its server."""
    from vlmkit.providers.hosts import HOSTS
    from vlmkit.providers.listing import list_openai
    from vlmkit.providers.transport import RequestDeadline, Transport

    name, _, url = mlx_vlm_server.partition("@")
    transport = Transport(url)
    (found,) = list_openai(HOSTS["mlx-vlm"], transport, RequestDeadline(5))
    transport.close()
    assert found.name == name
    assert found.source == url
    assert found.loaded is True
