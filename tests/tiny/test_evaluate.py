"""The bundled model knows its world: a floor under every task, on fresh scenes, through the real engine."""

import pytest

pytestmark = pytest.mark.core_model
