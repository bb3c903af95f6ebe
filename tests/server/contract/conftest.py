"""A real server with the bundled model, and OpenAI's own client."""

import pytest
from dripping import Dripping
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai_contract import SEEN, SPACED

import vlmkit as vk


@pytest.fixture(scope="module")
def slow():
    """A backend that writes one answer at a time, slowly."""
    return Dripping(words=2000, slots=1)


@pytest.fixture(scope="module")
def address(slow):
    """Where the server is; all its models can be loaded at once."""
    models = {"tiny": "tiny", SPACED: "fake:echo", "slow": slow}
    server = vk.serve(models, max_loaded=3, largest_request_bytes=2**20, max_answer_tokens=64)
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="module")
def sdk(address):
    """The client as its users have it, but for its own second tries."""
    with OpenAI(base_url=address, api_key="none", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def ask(sdk):
    """One whole answer of the bundled model, which the client's own class takes without any leniency."""

    def asked(messages=None, **fields):
        given = {"model": "tiny", "temperature": 0, "max_completion_tokens": 12, **fields}
        raw = sdk.chat.completions.with_raw_response.create(messages=messages or SEEN, **given)
        return ChatCompletion.model_validate_json(raw.content, strict=True)

    return asked


@pytest.fixture(scope="module")
def stream(sdk):
    """All chunks of one streamed answer."""

    def asked(messages=None, **fields):
        given = {"model": "tiny", "temperature": 0, "max_completion_tokens": 12, "stream": True, **fields}
        with sdk.chat.completions.create(messages=messages or SEEN, **given) as chunks:
            found = list(chunks)
        for chunk in found:
            ChatCompletionChunk.model_validate_json(chunk.model_dump_json(), strict=True)
        return found

    return asked
