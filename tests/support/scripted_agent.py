"""A model that says what it is told to, for conversations with real tools."""

import json


def call(name, arguments=None, call_id=None):
    """A tool call as a model makes it."""
    written = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    entry = {"type": "function", "function": {"name": name, "arguments": written}}
    return entry | ({"id": call_id} if call_id else {})


class Script:
    """Replies, one after the other: a text, a list of (tool, arguments), a message, or a function that makes one.

    What it was asked is kept in `asked`: messages, names of the tools that were offered, choice.
    """

    def __init__(self, *replies):
        self._replies = iter(replies)
        self.asked = []

    def __call__(self, messages, tools, tool_choice):
        assert_legal(messages)
        self.asked.append((messages, [entry["function"]["name"] for entry in tools], tool_choice))
        reply = next(self._replies)
        return said(reply(messages) if callable(reply) else reply)


def said(reply):
    """A reply as a model gives it."""
    if isinstance(reply, str):
        return {"role": "assistant", "content": reply}
    if isinstance(reply, list):
        return {"role": "assistant", "content": None, "tool_calls": [call(*each) for each in reply]}
    return reply


def assert_legal(messages):
    """Each call has exactly one answer, right behind the message that makes it, and no answer is without a call."""
    waiting, seen = [], set()
    for message in messages:
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting, f"calls without an answer: {waiting}"
        waiting = [entry["id"] for entry in message.get("tool_calls") or ()]
        assert len(set(waiting)) == len(waiting)
        assert not seen & set(waiting), "an id that was used before"
        seen |= set(waiting)
    assert not waiting, f"calls without an answer: {waiting}"
