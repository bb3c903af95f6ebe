"""What the runner's tests share: real pictures, plans and the fake backend."""

from io import BytesIO

import pytest
from PIL import Image

from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.prompts import compose_description
from vlmkit.runner import Question, make_plan, target_of
from vlmkit.sources import refer

TEXT = compose_description("?", into="text")


@pytest.fixture(scope="session")
def photo():
    """Bytes of a small real JPEG."""
    buffer = BytesIO()
    Image.new("RGB", (48, 32), "teal").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def questions(photo):
    """Make n questions, number i asking "i"; those in `bad` have no picture."""

    def make(n, bad=(), task=TEXT):
        return [Question(task=task, images=(refer(b"" if i in bad else photo),), prompt=str(i)) for i in range(n)]

    return make


@pytest.fixture
def backend():
    """Open fake backends and close them afterwards; by default the answer is the prompt."""
    opened = []

    def make(replies=lambda ask: f"answer {ask.prompt}", delay_s=0.0, revision="1", **abilities):
        opened.append(
            FakeBackend(replies=replies, delay_s=delay_s, revision=revision, abilities=Abilities(**abilities))
        )
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def plan():
    """Make a plan that fills the column "text"."""

    def make(model=None, task=None, fallbacks=(), **options):
        targets = [target_of(each) for each in (model or FakeBackend(), *fallbacks)]
        return make_plan([task or TEXT], targets, **options)

    return make
