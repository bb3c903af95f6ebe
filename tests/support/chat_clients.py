"""Clients of a chat server, and what they got."""

import json
import time
from contextlib import contextmanager

import httpx


def asking(model, text="Say something.", **fields):
    """A body of a chat request."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def chunks_of(response):
    """Events of a stream, without its end; every line is one of data."""
    lines = [line for line in response.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def text_of(chunks):
    """The text that chunks of the first choice make."""
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk.get("choices"))


@contextmanager
def reading(url, body):
    """Lines of a stream of which the first was read, and whose client stays."""
    with httpx.stream("POST", f"{url}/chat/completions", json={**body, "stream": True}, timeout=60) as response:
        lines = response.iter_lines()
        next(lines)
        yield lines


def until(condition, limit_s=30.0):
    """Wait until something is so."""
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, "it never came to be"
        time.sleep(0.01)
