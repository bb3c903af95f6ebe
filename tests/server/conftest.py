"""Servers on loopback that end with the test, and a client."""

import httpx
import pytest

import vlmkit as vk


@pytest.fixture
def serving():
    """Starts servers, and stops them after the test."""
    running = []

    def start(model="fake:echo", **options):
        running.append(vk.serve(model, **options))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def client():
    """A client for addresses that are given whole; it waits long, as the machine may be busy."""
    with httpx.Client(timeout=60) as opened:
        yield opened
