"""A table served over HTTP from a thread of this process."""

import asyncio
import json

import httpx
import pytest
from mcp import Client, types
from mcp.client.streamable_http import streamable_http_client
from scene_tables import scene_table

import vlmkit as vk
from vlmkit.agent import serve_table
from vlmkit.errors import BadSetting, UnknownModel

pytestmark = pytest.mark.core_model

HELLO = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
HEADERS = {"accept": "application/json, text/event-stream"}


def asked(url, ask, *, mode="auto"):
    """What a client over HTTP gets."""

    async def run():
        async with Client(url, mode=mode, read_timeout_seconds=120) as client:
            return await ask(client)

    return asyncio.run(run())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_table_of_a_notebook_is_served_until_it_is_stopped(mode):
    """In both eras; hosts see the very table, and the model answers."""
    table = scene_table(3)

    async def ask(client):
        question = {"question": "How many objects are there?", "rows": [0, 1], "kind": "count"}
        return await client.call_tool("ask", question), await client.call_tool("look", {"rows": [2]})

    with table.vlm.serve(model="tiny", store=False) as server:
        assert server.url.startswith("http://127.0.0.1:")
        answers, look = asked(server.url, ask, mode=mode)
    assert [each["answer"] for each in answers.structured_content["answers"]] == table["count"].tolist()[:2]
    assert look.content[1].type == "image"
    assert not server.is_running
    with pytest.raises(httpx.ConnectError):
        httpx.post(server.url, json=HELLO)


def test_a_notebook_shows_what_hosts_are_given():
    """The address, and a block for each host that takes one; the key is in none."""
    with serve_table(scene_table(2), model="tiny", key="open-sesame") as server:
        shown = server._repr_mimebundle_()
        assert json.loads(server.configs["cursor"])["mcpServers"]["vlmkit"]["url"] == server.url
    assert server.url in shown["text/plain"]
    assert "claude mcp add --transport http vlmkit" in shown["text/plain"]
    assert "open-sesame" not in "".join(shown.values()) + repr(server)
    assert server._repr_mimebundle_()["text/plain"] == f"The server at {server.url} was stopped."


def test_other_names_pages_and_keys_are_refused():
    """As by the server of models; nothing of the table is told."""
    with serve_table(scene_table(2), model="tiny", key="open-sesame") as server:
        right = {**HEADERS, "authorization": "Bearer open-sesame"}
        for headers, status in (
            (HEADERS, 401),
            ({**HEADERS, "authorization": "Bearer wrong"}, 401),
            ({**right, "host": "evil.example"}, 403),
            ({**right, "origin": "https://evil.example"}, 403),
        ):
            response = httpx.post(server.url, json=HELLO, headers=headers)
            assert response.status_code == status
            assert "scene" not in response.text
        assert httpx.post(server.url, json=HELLO, headers=right).status_code not in {401, 403}
        assert httpx.post(server.url, content=b"[" * 6_000_000, headers=right).status_code in {400, 413}

        async def with_key():
            client = pytest.importorskip("httpx2").AsyncClient(headers={"authorization": "Bearer open-sesame"})
            async with client, Client(streamable_http_client(server.url, http_client=client)) as opened:
                return (await opened.list_tools()).tools

        assert len(asyncio.run(with_key())) == 10


def test_other_machines_need_a_key():
    """Before anything is served."""
    with pytest.raises(BadSetting, match="lets other machines ask, and there is no key"):
        serve_table(scene_table(1), model="tiny", host="0.0.0.0")


def test_no_model_is_chosen_silently():
    """As everywhere."""
    with pytest.raises(UnknownModel, match="No model was named"):
        serve_table(scene_table(1))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_person_is_asked_over_http_as_well(mode):
    """In the middle of a call, or between two."""
    questions = []

    async def accept(_context, question):
        questions.append(question.message)
        return types.ElicitResult(action="accept", content={})

    async def run(url):
        edit = {"row": 1, "column": "caption", "value": "a blue square"}
        async with Client(url, mode=mode, read_timeout_seconds=120, elicitation_callback=accept) as client:
            return await client.call_tool("set_cell", edit)

    with scene_table(2).vlm.serve(model="tiny", allow_edits=True) as server:
        assert not asyncio.run(run(server.url)).is_error
        assert server.table["caption"].tolist()[1] == "a blue square"
    assert len(questions) == 1


def test_changes_of_hosts_are_a_table_of_their_own():
    """The one that was served stays as it was."""
    table = scene_table(2)
    with (
        vk.read_images(table["path"].tolist())
        .assign(caption="x")
        .vlm.serve(model="tiny", allow_edits=True, approved=True) as server
    ):
        edit = {"row": 1, "column": "caption", "value": "a blue square"}
        assert not asked(server.url, lambda client: client.call_tool("set_cell", edit)).is_error
        assert server.table["caption"].tolist() == ["x", "a blue square"]
        assert server.table["caption_status"].tolist()[1] == "suggested"
