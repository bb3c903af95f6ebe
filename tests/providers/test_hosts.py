"""Every row is complete and fits the rest."""

import re
from pathlib import Path

import pytest

from vlmkit.backends.discovery import listed_engines
from vlmkit.backends.registry import ENGINES
from vlmkit.extras import open_by_name
from vlmkit.providers.addresses import check_url, is_loopback
from vlmkit.providers.hosts import ANY_SERVER, HOSTS
from vlmkit.records import Sampling


def test_every_host_is_an_engine():
    """By the same name, and listed."""
    assert list(HOSTS.values()) == [engine for engine in ENGINES.own() if "providers" in engine.opener]
    assert set(HOSTS) <= set(listed_engines())


@pytest.mark.parametrize("host", [*HOSTS.values(), ANY_SERVER], ids=lambda host: host.name)
def test_a_row_is_complete(host):
    """Address, listing, and only options that exist."""
    assert callable(open_by_name(host.listing))
    assert set(host.parameters) <= {
        *Sampling.__dataclass_fields__,
        "token_probabilities",
        "alternatives",
        "json_schema",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
    }
    if host.url:
        here = is_loopback(check_url(host.url).hostname)
        assert host.needs_key != here
        assert bool(host.start) == host.is_local == here
        assert host.key_variable.endswith("_API_KEY")
        assert host.url.startswith("http://localhost:" if here else "https://")


def test_the_readme_lists_every_host():
    """Name, address and key of each row, in their order."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `([\w-]+)` \| (https?://\S+) \| `(\w+_API_KEY)`(, if .*)? \|$", text, re.MULTILINE)
    hosts = HOSTS.values()
    assert [row[:3] for row in table] == [(host.name, host.url, host.key_variable) for host in hosts]
    assert [not row[3] for row in table] == [host.needs_key for host in hosts]
