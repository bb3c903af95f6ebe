"""Damaged files of answers: what is whole is given as it was stored, all else is a typed fault; nothing is invented."""

import random
import sys
import tempfile
from functools import cache
from pathlib import Path

from store_rows import make_key, make_reply, make_row, make_run

from tests.fuzz.driving import Fuzzer, command
from tests.fuzz.mutating import mutated_bytes
from vlmkit.errors import StoreFault
from vlmkit.store import check as check_store
from vlmkit.store import mend, open_store, size

ROWS = 6


@cache
def seed() -> bytes:
    """A store of some answers, in one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "store.sqlite")
        with open_store(path) as store:
            run = store.begin(make_run())
            store.record(run, [make_row(index) for index in range(ROWS)])
            store.end(run, seconds=1.0, stopped_early=False)
        return path.read_bytes()


def make(draw: random.Random) -> bytes:
    """The file, damaged somewhere."""
    data = seed()
    if draw.randrange(2):
        return mutated_bytes(draw, data, [data])
    mutant = bytearray(data)
    for _ in range(draw.choice([1, 3, 30, 300])):
        mutant[draw.randrange(len(mutant))] = draw.randrange(256)
    return bytes(mutant)


def check(data: bytes) -> None:
    """Read damaged files of answers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "store.sqlite")
        path.write_bytes(data)
        try:
            _use(path)
        except StoreFault as fault:
            assert "store.sqlite" in str(fault)
        for look in (size, check_store, mend, check_store):
            try:
                look(path)
            except StoreFault as fault:
                assert "store.sqlite" in str(fault)


def _use(path):
    with open_store(path) as store:
        keys = [make_key(index) for index in range(ROWS)]
        for key, found in store.replies(keys).items():
            expected = make_reply(keys.index(key))
            assert (found.text, found.finish_reason) == (expected.text, expected.finish_reason)
        store.picture_digests([f"stamp {index}" for index in range(ROWS)])
        for run in store.runs():
            store.rows(int(run["run"]) if "run" in run else 1)
        store.known("mlx:tiny")
        store.record(store.begin(make_run()), [make_row(9)])


FUZZER = Fuzzer(name="stores", make=make, check=check)

if __name__ == "__main__":
    sys.exit(command(FUZZER))
