"""A table of pictures behind MCP, asked by the client of `mcp` in this process, in both eras, with tiny."""

import asyncio
import base64
import csv
import io
import json

import pandas as pd
import pytest
from mcp import Client, MCPError, types
from PIL import Image
from scene_tables import scene_table

import vlmkit as vk
from vlmkit.agent.mcp_server.table_server import TableServer

pytestmark = pytest.mark.core_model

MODES = ["auto", "legacy"]
READING = [
    "describe_table",
    "list_rows",
    "find_rows",
    "filter_rows",
    "summarize",
    "look",
    "crop",
    "ask",
    "describe_image",
    "run_status",
]


def served(table=None, **options):
    """A server over six scenes."""
    return TableServer(lambda: scene_table(6) if table is None else table, model="tiny", store=False, **options)


def asked(server, ask, *, mode="auto", **options):
    """What a client in this process gets."""

    async def run():
        async with Client(server.server, mode=mode, read_timeout_seconds=120, **options) as client:
            return await ask(client)

    return asyncio.run(run())


def called(server, *calls, **options):
    """Results of calls, one after another."""

    async def ask(client):
        return [await client.call_tool(name, arguments) for name, arguments in calls]

    return asked(server, ask, **options)


@pytest.mark.parametrize("mode", MODES)
def test_a_host_asks_the_model_about_rows_and_looks_itself(mode):
    """Answers agree with what is drawn; progress comes by rows; pictures stand behind their text."""
    heard = []

    async def hear(done, total, _what):
        heard.append((done, total))

    async def ask(client):
        question = {"question": "How many objects are there?", "rows": [0, 1, 2], "kind": "count"}
        answers = await client.call_tool("ask", question, progress_callback=hear)
        return answers, await client.call_tool("look", {"rows": [3, 4], "longest_side_px": 64})

    answers, look = asked(served(), ask, mode=mode)
    truth = scene_table(3)["count"].tolist()
    assert [each["answer"] for each in answers.structured_content["answers"]] == truth
    assert heard[-1] == (3, 3)
    assert [block.type for block in look.content] == ["text", "image", "image"]
    picture = Image.open(io.BytesIO(base64.b64decode(look.content[1].data)))
    assert max(picture.size) <= 64


@pytest.mark.parametrize("mode", MODES)
def test_all_tools_are_listed_before_the_table_is_there(mode):
    """They read only, unless the server was told otherwise; a table that cannot be read is the error of a call."""

    def fail():
        raise FileNotFoundError("/home/me/photos")

    async def ask(client):
        with pytest.raises(MCPError, match="FileNotFoundError; the server's log") as caught:
            await client.read_resource("vlmkit://table")
        assert "/home/me" not in str(caught.value)
        return (await client.list_tools()).tools, await client.call_tool("list_rows", {})

    tools, rows = asked(TableServer(fail, model="tiny"), ask, mode=mode)
    assert [tool.name for tool in tools] == READING
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert all(tool.input_schema["type"] == "object" for tool in tools)
    assert rows.is_error
    assert "FileNotFoundError" in rows.content[0].text
    assert "/home/me" not in rows.content[0].text


def test_no_path_leaves_the_server():
    """Rows have names below the folder that all pictures lie in, and errors have none at all."""
    table = scene_table(3)
    table.iloc[1, 0] = str(table["path"].iloc[0]) + ".gone.png"
    folder = str(table["path"].iloc[0]).rpartition("/")[0]
    calls = [
        ("describe_table", {}),
        ("list_rows", {}),
        ("look", {"rows": [1]}),
        ("ask", {"question": "What is it?", "rows": [1]}),
        ("crop", {"row": 1, "left": 0, "top": 0, "right": 1, "bottom": 1}),
    ]
    texts = [block.text for result in called(served(table), *calls) for block in result.content if block.type == "text"]
    assert folder not in "\n".join(texts)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("look", {"rows": [900]}, "row 900: the table has rows 0 to 5"),
        ("look", {"rows": [-1]}, "arguments do not fit"),
        ("look", {"rows": list(range(5))}, "arguments do not fit"),
        ("look", {"rows": [0], "longest_side_px": 10**9}, "arguments do not fit"),
        ("look", {"rows": "../../etc/passwd"}, "arguments do not fit"),
        ("look", {"rows": [0], "path": "/etc/passwd"}, "arguments do not fit"),
        ("look", {}, "arguments do not fit"),
        ("list_rows", {"count": 10**12}, "arguments do not fit"),
        ("list_rows", {"first": 10**30}, "row"),
        ("list_rows", {"columns": ["path"] * 10_000}, ""),
        ("ask", {"question": "", "rows": [0]}, "not empty"),
        ("ask", {"question": "What?", "rows": []}, "arguments do not fit"),
        ("crop", {"row": 0, "left": 0.5, "top": 0, "right": 0.5, "bottom": 1}, "left"),
        ("find_rows", {"text": "\x00\ud800"}, ""),
        ("__class__", {}, "There is no tool"),
        ("export", {"format": "csv", "name": "x"}, "There is no tool"),
    ],
)
def test_hostile_calls_get_short_answers(name, arguments, said):
    """With what is wrong, and the server goes on."""

    async def ask(client):
        try:
            result = await client.call_tool(name, arguments)
        except MCPError as error:  # JSON that cannot be sent
            return error, await client.call_tool("list_rows", {"count": 1})
        return result, await client.call_tool("list_rows", {"count": 1})

    result, after = asked(served(), ask)
    if said:
        assert result.is_error
        assert said in result.content[0].text
        assert len(result.content[0].text) < 1500
    assert after.structured_content["total"] == 6


@pytest.mark.parametrize("mode", MODES)
def test_rows_and_pictures_are_resources(mode):
    """The head of the table as CSV, each picture by its row; anything else is not there."""

    async def ask(client):
        listed = await client.list_resources()
        templates = await client.list_resource_templates()
        table = await client.read_resource("vlmkit://table")
        image = await client.read_resource("vlmkit://rows/3/image")
        errors = []
        for uri in ("vlmkit://rows/900/image", "vlmkit://rows/-1/image", "file:///etc/passwd", "vlmkit://rows/1/../x"):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)
            errors.append(str(caught.value))
        return listed, templates, table.contents[0], image.contents[0], errors

    listed, templates, table, image, errors = asked(served(), ask, mode=mode)
    assert [str(each.uri) for each in listed.resources] == ["vlmkit://table"]
    assert [each.uri_template for each in templates.resource_templates] == ["vlmkit://rows/{row}/image"]
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["caption"] for row in rows] == scene_table(6)["caption"].tolist()
    assert [row["row"] for row in rows] == list("012345")
    assert Image.open(io.BytesIO(base64.b64decode(image.blob))).format == image.mime_type.removeprefix("image/").upper()
    assert "rows 0 to 5" in errors[0]
    assert all("There is no such resource" in error for error in errors[1:])


@pytest.mark.parametrize("mode", MODES)
def test_changes_are_made_in_a_copy_and_written_below_the_folder(tmp_path, mode):
    """A person is asked each time; what is written reads back; what is there stays."""
    table, questions = scene_table(3), []

    async def accept(_context, question):
        questions.append(question.message)
        return types.ElicitResult(action="accept", content={})

    server = served(table, allow_edits=True, output=tmp_path / "out")
    edited, written, again, outside = called(
        server,
        ("set_cell", {"row": 1, "column": "caption", "value": "a blue square"}),
        ("export", {"format": "jsonl", "name": "reviewed.jsonl"}),
        ("export", {"format": "csv", "name": "reviewed.jsonl"}),
        ("export", {"format": "csv", "name": "../outside.csv"}),
        mode=mode,
        elicitation_callback=accept,
    )
    assert not edited.is_error
    assert written.structured_content == {"written": "reviewed.jsonl", "format": "jsonl", "rows": 3}
    back = vk.read_dataset(tmp_path / "out" / "reviewed.jsonl")
    assert back["caption"].tolist()[1] == "a blue square"
    assert table.iloc[1]["caption"] != "a blue square"
    assert server.table().iloc[1]["caption"] == "a blue square"
    assert "there is a file of this name already" in again.content[0].text
    assert "Give a plain name" in outside.content[0].text
    assert len(questions) == 4
    assert questions[0].startswith("Call set_cell with ")
    assert [path.name for path in tmp_path.rglob("*.csv")] == []


def test_edits_without_a_person_need_a_yes_before():
    """Where the client cannot ask."""
    edit = ("set_cell", {"row": 1, "column": "caption", "value": "a blue square"})
    (refused,) = called(served(allow_edits=True), edit)
    assert refused.is_error
    assert "--yes" in refused.content[0].text
    (done,) = called(served(allow_edits=True, is_approved=True), edit)
    assert json.loads(done.content[0].text)["value"] == "a blue square"


def test_a_table_of_another_picture_column_is_served():
    """Also one that is empty."""
    table = scene_table(2).rename(columns={"path": "photo"}).reset_index(drop=True)
    (rows,) = called(served(table, image="photo"), ("list_rows", {}))
    assert rows.structured_content["total"] == 2
    (rows,) = called(served(pd.DataFrame({"path": pd.Series([], dtype="string")})), ("look", {"rows": [0]}))
    assert "the table has no rows" in rows.content[0].text
