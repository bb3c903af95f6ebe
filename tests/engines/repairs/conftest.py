"""The table of repairs, which imports MLX and so is imported on the desk."""

import importlib

import pytest

from vlmkit.engines import blas
from vlmkit.engines.desk import desk


def _import():
    blas.prepare()
    return importlib.import_module("vlmkit.engines.repairs")


@pytest.fixture(scope="session")
def repairs():
    return desk().call(_import)
