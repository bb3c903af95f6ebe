"""Servers to ask, and backends on them."""

import io

import pytest
from PIL import Image
from scripted_server import ScriptedServer

from vlmkit.backends import load
from vlmkit.records import Ask, Picture, one_question


@pytest.fixture
def serve():
    """Start a scripted server; all end with the test."""
    servers = []

    def start(*script, routes=None):
        servers.append(ScriptedServer(script[0] if callable(script[0]) else script, routes=routes))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """Open a backend on servers; all are closed with the test."""
    monkeypatch.chdir(tmp_path)
    backends = []

    def start(*servers, engine="openai", name="m", **options):
        urls = ",".join(server if isinstance(server, str) else server.url for server in servers)
        backends.append(load(f"{engine}:{name}@{urls}", **options))
        return backends[-1]

    yield start
    for backend in backends:
        backend.close()


def _picture(color="red"):
    data = io.BytesIO()
    Image.new("RGB", (32, 24), color).save(data, "PNG")
    return Picture(data=data.getvalue(), media_type="image/png", width=32, height=24, digest=color)


@pytest.fixture
def ask():
    """An ask about small pictures of these colors; one, unless told."""

    def make(prompt="What is it?", *, colors=("red",), system=None, **options):
        return Ask(messages=one_question(prompt, map(_picture, colors), system=system), **options)

    return make


@pytest.fixture
def unwatched(monkeypatch):
    """Connections are used again at once, also after the first answers of an address."""
    monkeypatch.setattr("vlmkit.providers.connection._WATCHED_ANSWERS", 0)
