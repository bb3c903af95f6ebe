"""One bundled model, opened once, and requests to it."""

import base64
import io

import pytest

import vlmkit as vk
from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.tiny import scenes

ABLE = Abilities(images_per_ask=8, json_schema=True, tools=True, token_probabilities=True)


@pytest.fixture(scope="session")
def tiny():
    """The bundled model, shared by tests that leave it as it was."""
    with vk.load("tiny") as engine:
        yield engine


@pytest.fixture
def fake():
    """Open scripted models; all are closed in the end."""
    opened = []

    def build(replies=None, *, abilities=ABLE, delay_s=0.0):
        opened.append(FakeBackend(replies=replies, abilities=abilities, delay_s=delay_s))
        return opened[-1]

    yield build
    for backend in opened:
        backend.close()


@pytest.fixture(scope="session")
def data_url():
    """Make the ``data:`` URL of a drawn scene."""

    def build(number=7, kind="PNG"):
        file = io.BytesIO()
        scenes.make(number).draw().convert("RGB").save(file, kind)
        return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"

    return build


@pytest.fixture
def body():
    """Make the body of a request that says one thing."""

    def build(content="Hello there!", **fields):
        return {"model": "m", "messages": [{"role": "user", "content": content}], **fields}

    return build
