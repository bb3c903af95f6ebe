"""Every row is complete and fits the rest."""

import pytest

from vlmkit.backends.discovery import LISTERS
from vlmkit.backends.registry import BUILT_IN
from vlmkit.extras import open_by_name
from vlmkit.providers.addresses import check_url, is_loopback
from vlmkit.providers.hosts import ANY_SERVER, HOSTS
from vlmkit.records import Sampling


def test_every_host_is_an_engine():
    """By the same name, and listed."""
    assert set(HOSTS) == {name for name, opener in BUILT_IN.items() if "providers" in opener}
    assert set(HOSTS) <= set(LISTERS)


@pytest.mark.parametrize("host", [*HOSTS.values(), ANY_SERVER], ids=lambda host: host.name)
def test_a_row_is_complete(host):
    """Address, listing, and only options that exist."""
    assert callable(open_by_name(host.listing))
    assert set(host.parameters) <= {
        *Sampling.__dataclass_fields__,
        "token_probabilities",
        "alternatives",
        "json_schema",
    }
    if host.url:
        here = is_loopback(check_url(host.url).hostname)
        assert host.needs_key != here
        assert bool(host.start) == here
        assert host.key_variable.endswith("_API_KEY")
        assert host.url.startswith("http://localhost:" if here else "https://")
