"""The bundled model knows its world: a floor under every task, on fresh scenes, through the real engine."""

import pytest

from vlmkit.tiny import evaluate

pytestmark = pytest.mark.core_model
