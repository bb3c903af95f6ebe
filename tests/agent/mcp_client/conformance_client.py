"""A client for the conformance suite of the protocol: lists the tools of a server at an address, and calls each.

It is started by the suite, which watches what it sends; see test_live_servers.py.
"""

import sys

from vlmkit.agent import Server

ARGUMENTS = {"add_numbers": {"a": 2, "b": 3}}


def defaults(_question, schema):
    """What a form says by itself."""
    return {name: field["default"] for name, field in schema["properties"].items() if "default" in field}


with Server(sys.argv[-1], on_question=defaults) as server:
    for tool in server.tools():
        print(tool.name, tool.run(ARGUMENTS.get(tool.name, {})).text)  # noqa: T201  for a person who looks on
