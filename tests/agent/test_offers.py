"""What an agent is given as tools."""

import pandas as pd
import pytest
from PIL import Image

from vlmkit.agent import Server, TableTools, Tool, tool
from vlmkit.agent.offers import Offer
from vlmkit.errors import BadSetting


@tool
def look() -> str:
    """Look."""
    return "a circle"


class Handed:
    """Servers of somebody else."""

    def __init__(self):
        self.faults = {"tracker": "did not start"}
        self.is_closed = False

    def tools(self):
        return [Tool(name="get", server="files", call=print)]

    def close(self):
        self.is_closed = True

    def __repr__(self):
        return "<files>"


def names(offer):
    return [each.display_name for each in offer.tools()]


def test_everything_becomes_tools():
    """Functions, tools, a table, what has tools, servers: in this order."""
    table = pd.DataFrame({"image": [Image.new("RGB", (8, 8))]})
    offer = Offer([look, table], Handed(), model=None)
    assert names(offer)[:2] == ["look", "describe_table"]
    assert names(offer)[-1] == "files::get"
    assert list(offer.table.columns) == ["image"]
    assert offer.faults == {"tracker": "did not start"}
    assert names(Offer(TableTools(table), None, model=None))[0] == "describe_table"
    assert Offer(look, None, model=None).table is None


def test_what_was_handed_over_is_not_ended():
    """Only what was opened here is."""
    servers = Handed()
    Offer((), servers, model=None).close()
    assert not servers.is_closed
    Offer((), Server("http://127.0.0.1:9/mcp"), model=None).close()
    Offer((), None, model=None).close()


def test_an_offer_says_what_there_is():
    """How many tools, once they were asked for, and which servers do not work."""
    assert repr(Offer([look], None, model=None)) == "1 tool"
    offer = Offer([look], Handed(), model=None)
    assert repr(offer) == "1 tool, <files>"
    offer.tools()
    assert repr(offer) == "2 tools, <files>"


@pytest.mark.parametrize("given", [None, 3, "look", {"look": look}])
def test_what_is_no_tool_is_refused(given):
    """With what may be given."""
    with pytest.raises(BadSetting, match=r"is no tool\. Give a function, a Tool, a table, or a list of these"):
        Offer(given, None, model=None)
