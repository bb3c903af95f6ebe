"""The tools over a table as one list, and what a planner makes of them with the bundled model's eyes."""

import json

import pandas as pd
import pytest
from scene_tables import Called, scene_table

from vlmkit.agent import TableTools, table_tools
from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import SetupError

READING = ["describe_table", "list_rows", "find_rows", "filter_rows", "summarize", "look", "crop"]
ASKING = ["ask", "describe_image", "run_status"]


def test_the_list_changes_nothing_unless_edits_are_allowed():
    """Every tool says what it does to the world; each parameter is described, in a schema that any host takes."""
    tools = table_tools(scene_table(2), model="tiny")
    assert [tool.name for tool in tools] == READING + ASKING
    assert all(tool.read_only and not tool.destructive and tool.open_world is False for tool in tools)
    edits = TableTools(scene_table(2), model="tiny", allow_edits=True).tools[len(tools) :]
    assert [(tool.name, tool.read_only, tool.needs_consent) for tool in edits] == [
        ("set_cell", False, True),
        ("add_column", False, True),
    ]
    for tool in [*tools, *edits]:
        assert tool.description
        assert all(part.get("description") for part in tool.parameters["properties"].values()), tool.name
        json.dumps(tool.parameters)


def test_tools_whose_pictures_leave_this_process_say_so():
    """A server's address, or the name of one."""
    away = FakeBackend(abilities=Abilities(destination="http://host/v1"))
    for model in (away, "ollama:llava", "what is this:x"):
        reach = {tool.name: tool.open_world for tool in table_tools(scene_table(1), model=model)}
        assert reach == {name: name in ASKING[:2] for name in READING + ASKING}
    away.close()


def test_a_table_without_pictures_is_no_table_for_these_tools():
    """It says which columns there are, at once."""
    with pytest.raises(SetupError, match="no column 'path' or 'image'"):
        table_tools(pd.DataFrame({"foto": ["a.jpg"]}))


def test_a_column_of_any_name_and_a_series_are_tables():
    """Rows stay rows."""
    paths = scene_table(2)["path"]
    for called in (Called(paths), Called(paths.to_frame("foto"), image="foto")):
        assert called.list_rows().data["total"] == 2
        assert len(called.look(rows=[0, 1]).pictures) == 2


def test_a_planner_finds_the_picture_with_most_objects():
    """Table by table: it asks about every row, looks at the fullest one and answers by number, as is true."""
    table = scene_table(8)
    called = Called(table)
    rows = called.describe_table().data["rows"]
    asked = called.ask(question="How many objects are there?", rows=list(range(rows)), kind="count")
    fullest = max(asked.data["answers"], key=lambda each: each["answer"])
    assert table["count"].iloc[fullest["row"]] == table["count"].max()
    assert len(called.look(rows=[fullest["row"]]).pictures) == 1
    assert asked.rows == tuple(range(rows))
