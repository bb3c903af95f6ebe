"""OpenAI's agents library runs our server and calls its tools; its model is a script. Takes the server's command."""

import asyncio
import json
import sys

from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
from agents.mcp import MCPServerStdio
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

CALLS = [
    ("ask", {"question": "How many objects are there?", "rows": [0, 1, 2], "kind": "count"}),
    ("look", {"rows": [0, 1]}),
    ("look", {"rows": [900]}),
]


class Script(Model):
    """Calls the tools one after another, and keeps what came back."""

    def __init__(self):
        self.tools, self.outputs = [], []

    async def get_response(self, system_instructions, input, model_settings, tools, *rest, **more):  # noqa: A002
        """The next call, or the last word."""
        self.tools = [tool.name for tool in tools]
        self.outputs = [item["output"] for item in input if item.get("type") == "function_call_output"]
        number = len(self.outputs)
        if number < len(CALLS):
            name, arguments = CALLS[number]
            output = ResponseFunctionToolCall(
                type="function_call", call_id=f"call_{number}", name=name, arguments=json.dumps(arguments)
            )
        else:
            text = ResponseOutputText(type="output_text", text="done", annotations=[])
            output = ResponseOutputMessage(
                id="message", type="message", role="assistant", status="completed", content=[text]
            )
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def stream_response(self, *arguments, **options):
        """Nobody asks for it."""
        raise NotImplementedError


async def main():
    """Run the agent, and print what its model got."""
    set_tracing_disabled(True)
    script = Script()
    params = {"command": sys.argv[1], "args": sys.argv[2:]}
    async with MCPServerStdio(params=params, client_session_timeout_seconds=120) as server:
        agent = Agent(name="judge", model=script, mcp_servers=[server])
        await Runner.run(agent, "Go.")
    ask, look, missing = script.outputs
    seen = {"tools": script.tools, "ask": text_of(ask), "look": kinds_of(look), "missing": text_of(missing)}
    sys.stdout.write(json.dumps(seen) + "\n")


def text_of(output):
    """All texts of an output."""
    return output if isinstance(output, str) else " ".join(part.get("text", "") for part in output)


def kinds_of(output):
    """Types of its parts."""
    return [part["type"].removeprefix("input_") for part in output]


asyncio.run(main())
