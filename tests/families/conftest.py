"""Checkpoints of every family, each made once, when first asked for."""

import pytest

from vlmkit.engines.desk import desk


@pytest.fixture(scope="session")
def checkpoint_of(tmp_path_factory):
    """Directory of a family's tiny checkpoint, packed to a number of bits where one is given."""
    folder = tmp_path_factory.mktemp("families")
    made = {}

    def make(family, bits=None):
        def work():
            from tests.families import catalog, making

            plain = folder / family
            if not plain.exists():
                making.make(catalog.RECIPES[family], plain)
            return plain if bits is None else making.quantize(plain, folder / f"{family}-{bits}", bits)

        if (family, bits) not in made:
            made[family, bits] = desk().call(work)
        return made[family, bits]

    return make
