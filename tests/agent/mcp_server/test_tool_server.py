"""Tools as an MCP server, asked by the client of `mcp` in this process, in both eras."""

import asyncio
import base64
import io
import threading
import time

import pytest
from mcp import Client, types
from PIL import Image

from vlmkit.agent import Tool, ToolError, ToolResult
from vlmkit.agent.calls import call_in_progress
from vlmkit.agent.mcp_server.openings import Opening
from vlmkit.agent.mcp_server.tool_server import ToolCalls, mcp_server
from vlmkit.errors import ModelNotFound

SCHEMA = {
    "type": "object",
    "properties": {"rows": {"$ref": "#/$defs/rows"}},
    "required": ["rows"],
    "$defs": {"rows": {"type": "array", "items": {"type": "integer", "minimum": 0}, "maxItems": 4}},
    "additionalProperties": False,
}
MODES = ["auto", "legacy"]


class Story:
    """Tools that do what a test wants, and what they did."""

    def __init__(self):
        self.changed = []
        self.left = threading.Event()
        read = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}
        self.tools = [
            Tool(name="look", description="Look.", parameters=SCHEMA, call=self.look, **read),
            Tool(name="count", call=self.count, **read),
            Tool(name="fail", call=self.fail, **read),
            Tool(name="crash", call=self.crash, **read),
            Tool(name="wait", call=self.wait, **read),
            Tool(name="hang", call=self.wait, timeout_s=0.2, **read),
            Tool(name="show", call=self.show, **read),
            Tool(name="talk", call=lambda: "word " * 50_000, **read),
            Tool.from_function(self.change, read_only=False, destructive=True),
        ]

    def look(self, rows):
        """Two pictures."""
        return ToolResult(text=f"rows {rows}", pictures=[Image.new("RGB", (3000, 1500), "teal")], data={"rows": rows})

    def show(self):
        """Pictures that nothing can be left out of."""
        noise = Image.effect_noise((1000, 1000), 200).convert("RGB")
        return [noise, noise, noise, noise]

    def count(self):
        """Says how far it is."""
        for number in range(3):
            call_in_progress().report(number + 1, 3, f"row {number}")
        return {"total": 3}

    def fail(self):
        """What a model can mend."""
        raise ToolError("row 900: the table has rows 0 to 2.")

    def crash(self):
        """What it cannot."""
        raise KeyError("/home/somebody/secret.png")

    def wait(self):
        """Goes on until nobody waits any more."""
        if call_in_progress().end.wait(60):
            self.left.set()

    def change(self, row: int, value: str) -> str:
        """Change a row."""
        self.changed.append((row, value))
        return "changed"


def server_of(story, *, make=None, **options):
    """A server over the tools of a story."""
    opening = Opening(make or (lambda: {tool.name: tool for tool in story.tools}))
    calls = ToolCalls(story.tools, opening, **options)
    return mcp_server(calls, instructions="Rows are numbered from 0.", start=opening.start)


def asked(server, ask, *, mode="auto", **options):
    """What a client in this process gets."""

    async def run():
        async with Client(server, mode=mode, read_timeout_seconds=60, **options) as client:
            return await ask(client)

    return asyncio.run(run())


async def accept(_context, _question):
    """A person who says yes."""
    return types.ElicitResult(action="accept", content={})


async def decline(_context, _question):
    """A person who says no."""
    return types.ElicitResult(action="decline")


@pytest.mark.parametrize("mode", MODES)
def test_schemas_and_hints_are_passed_on_as_they_are(mode):
    """A client sees what the tool says of itself, and who serves it."""

    async def ask(client):
        return await client.list_tools(), client.server_info, client.instructions

    listed, info, instructions = asked(server_of(Story()), ask, mode=mode)
    look = listed.tools[0]
    assert (look.name, look.description, look.input_schema) == ("look", "Look.", SCHEMA)
    hints = look.annotations
    assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint) == (
        True,
        False,
        True,
        False,
    )
    assert listed.tools[-1].annotations.destructive_hint is True
    assert (info.name, instructions) == ("vlmkit", "Rows are numbered from 0.")


@pytest.mark.parametrize("mode", MODES)
def test_a_result_is_a_text_and_pictures_that_are_not_too_large(mode):
    """Data stands beside a text, and never beside pictures, as clients that read it read nothing else."""

    async def ask(client):
        return await client.call_tool("look", {"rows": [0, 1]}), await client.call_tool("count", {})

    look, count = asked(server_of(Story()), ask, mode=mode)
    assert [block.type for block in look.content] == ["text", "image"]
    assert look.content[0].text == "rows [0, 1]"
    picture = Image.open(io.BytesIO(base64.b64decode(look.content[1].data)))
    assert (picture.size, look.structured_content, look.is_error) == ((1024, 512), None, False)
    assert (count.content[0].text, count.structured_content) == ('{"total": 3}', {"total": 3})


@pytest.mark.parametrize("mode", MODES)
def test_how_far_a_call_is_arrives_before_its_result(mode):
    """Each step once, in order."""
    heard = []

    async def hear(done, total, what):
        heard.append((done, total, what))

    asked(server_of(Story()), lambda client: client.call_tool("count", {}, progress_callback=hear), mode=mode)
    assert heard == [(1, 3, "row 0"), (2, 3, "row 1"), (3, 3, "row 2")]


@pytest.mark.parametrize("mode", MODES)
def test_what_goes_wrong_is_a_result_that_says_so(mode):
    """A mistake with its mend, a crash without its words, an unknown name with the known ones; the session lives."""

    async def ask(client):
        return [
            await client.call_tool(name, arguments)
            for name, arguments in (("fail", {}), ("crash", {}), ("loook", {}), ("hang", {}), ("change", {"row": "x"}))
        ]

    results = asked(server_of(Story(), is_approved=True), ask, mode=mode)
    assert all(result.is_error for result in results)
    fail, crash, unknown, late, wrong = (result.content[0].text for result in results)
    assert fail == "row 900: the table has rows 0 to 2."
    assert crash == "crash failed with KeyError; the server's log says more."
    assert unknown.startswith("There is no tool 'loook'. Tools are: look, count, ")
    assert late == "hang took longer than 0.2 s. Ask for less."
    assert wrong.startswith("The arguments do not fit: ")


def test_pictures_fit_into_one_message_and_are_said_to_be_smaller():
    """However many bytes they take; other clients would refuse them."""
    result = asked(server_of(Story()), lambda client: client.call_tool("show", {}))
    assert len(result.content) == 5
    assert sum(len(block.data) for block in result.content[1:]) < 2**20
    sizes = {Image.open(io.BytesIO(base64.b64decode(block.data))).size for block in result.content[1:]}
    ((width, _),) = sizes
    assert width < 1000
    assert f"shown smaller, {width} pixels at most" in result.content[0].text


def test_a_long_text_is_cut_and_says_so():
    """A host would cut it anywhere, without a word."""
    result = asked(server_of(Story()), lambda client: client.call_tool("talk", {}))
    assert len(result.content[0].text) < 61_000
    assert result.content[0].text.endswith("[cut: 250,000 characters in all; ask for less]")


def test_a_call_that_nobody_waits_for_is_ended():
    """Its thread hears of it, and the session goes on."""
    story = Story()

    async def ask(client):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.call_tool("wait", {}), 0.3)
        return await client.call_tool("count", {})

    assert asked(server_of(story), ask).structured_content == {"total": 3}
    assert story.left.wait(10)


@pytest.mark.parametrize("mode", MODES)
def test_a_person_is_asked_before_something_is_changed(mode):
    """Through the client, with the arguments; a no is told to the model."""
    story, questions = Story(), []

    async def note(context, question):
        questions.append(question.message)
        return await accept(context, question)

    async def ask(client):
        return await client.call_tool("change", {"row": 1, "value": "red\x1b[2J"})

    server = server_of(story)
    assert asked(server, ask, mode=mode, elicitation_callback=note).content[0].text == "changed"
    assert story.changed == [(1, "red\x1b[2J")]
    assert questions == [r'Call change with {"row": 1, "value": "red\u001b[2J"}?']
    refused = asked(server_of(story), ask, mode=mode, elicitation_callback=decline)
    assert refused.is_error
    assert refused.content[0].text.startswith("change was not called: the person did not allow it.")
    assert len(story.changed) == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_client_that_cannot_ask_changes_nothing_without_consent_given_before(mode):
    """The refusal says how to give it."""
    story = Story()

    def ask(client):
        return client.call_tool("change", {"row": 1, "value": "red"})

    refused = asked(server_of(story), ask, mode=mode)
    assert refused.is_error
    assert "Start the server with --yes" in refused.content[0].text
    assert story.changed == []
    assert asked(server_of(story, is_approved=True), ask, mode=mode).content[0].text == "changed"


def test_the_server_answers_before_its_tools_are_there():
    """What lists them waits for nothing; a call waits, and a failure to get them ready is the call's error."""
    story, gate, tries = Story(), threading.Event(), []

    def make():
        gate.wait(60)
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise ModelNotFound("No folder 'photos'. Name another one.")
        return {tool.name: tool for tool in story.tools}

    async def ask(client):
        listed = await client.list_tools()
        call = asyncio.ensure_future(client.call_tool("count", {}))
        await asyncio.sleep(0.1)
        assert not call.done()
        gate.set()
        return listed, await call, await client.call_tool("count", {})

    listed, first, second = asked(server_of(story, make=make), ask)
    assert len(listed.tools) == len(story.tools)
    assert first.is_error
    assert first.content[0].text == "ModelNotFound: No folder 'photos'. Name another one."
    assert second.structured_content == {"total": 3}
