"""A model that says what it is told to, for conversations with real tools."""

import json


def call(name, arguments=None, call_id=None):
    """A tool call as a model makes it."""
    written = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
    entry = {"type": "function", "function": {"name": name, "arguments": written}}
    return entry | ({"id": call_id} if call_id else {})
