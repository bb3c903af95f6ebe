"""Checkpoints of every recorded family, each written once, when first asked for, and one engine at a time on them."""

import pytest

from tests.families import checkpoint, recording
from vlmkit.engines.desk import desk
from vlmkit.engines.mlx import open_engine


@pytest.fixture(scope="session")
def checkpoint_of(tmp_path_factory):
    """Directory of a family's tiny checkpoint, legible if wanted, packed to a number of bits where one is given."""
    folder = tmp_path_factory.mktemp("families")

    def make(family, layout="v4", *, bits=None, legible=False):
        plain = folder / f"{family}-{layout}{'-legible' if legible else ''}"
        if not plain.exists():
            checkpoint.write(recording.load(family), plain, layout, change=checkpoint.legible if legible else None)
        packed = folder / f"{plain.name}-{bits}"
        if bits is not None and not packed.exists():
            desk().call(lambda: _quantized(plain, packed, bits))
        return plain if bits is None else packed

    return make


def _quantized(plain, packed, bits):
    from tests.families.making import quantize

    return quantize(plain, packed, bits)


@pytest.fixture(scope="module")
def engine_of(checkpoint_of):
    """The engine on a family's checkpoint; the last one stays open, and a failure to open is remembered."""
    last = {}

    def close():
        for opened in last.values():
            if not isinstance(opened, Exception):
                opened.close()
        last.clear()

    def open_one(family, layout):
        if (family, layout) not in last:
            close()
            try:
                directory = str(checkpoint_of(family, layout))
                last[family, layout] = open_engine(directory, allow_wrong=directory)
            except Exception as error:  # noqa: BLE001  every question of this family shall say it
                last[family, layout] = error
        opened = last[family, layout]
        if isinstance(opened, Exception):
            raise opened
        return opened

    yield open_one
    close()
