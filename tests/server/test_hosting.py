"""An application in a thread, behind a real address."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from vlmkit.errors import BadSetting
from vlmkit.server import HostedApplication


async def greet(_request):
    """What the application answers."""
    return PlainTextResponse("hello")


def hosted(**options):
    """One that greets, on a port that is free."""
    return HostedApplication(Starlette(routes=[Route("/greet", greet)], **options), "127.0.0.1", 0, path="/greet")


def test_it_answers_until_it_is_stopped():
    """At its address; stopped twice is fine."""
    one = hosted()
    try:
        assert httpx.get(one.url, timeout=60).text == "hello"
        assert one.is_running
    finally:
        one.stop()
    one.stop()
    assert not one.is_running
    with pytest.raises(httpx.ConnectError):
        httpx.get(one.url)


def test_an_address_that_is_taken_is_said():
    """Before anything starts."""
    one = hosted()
    port = int(one.url.rpartition(":")[2].partition("/")[0])
    try:
        with pytest.raises(BadSetting, match=f"127.0.0.1:{port}: cannot listen there"):
            HostedApplication(Starlette(), "127.0.0.1", port, path="/")
    finally:
        one.stop()


def test_an_application_that_does_not_start_is_said():
    """And nothing is left running."""

    def broken(_app):
        raise RuntimeError("no")

    with pytest.raises(BadSetting, match="ended while it started"):
        hosted(lifespan=broken)
