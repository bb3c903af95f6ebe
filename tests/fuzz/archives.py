"""Damaged archives: a fault of the call, or rows each of which gives bytes or a typed fault; nothing is written."""

import random
import sys
import tempfile
from functools import cache
from pathlib import Path

from packing import load, pack
from picture_seeds import picture_seeds

from tests.fuzz.driving import Fuzzer, command
from tests.fuzz.mutating import mutated_bytes
from vlmkit.errors import RunError, SetupError
from vlmkit.sources import archives, read, refer

KINDS = ("a.zip", "a.tar", "a.tgz", "a.tar.bz2", "a.tar.xz")


@cache
def seeds() -> tuple[bytes, ...]:
    """One archive of each kind."""
    files = {f"folder/{name}.png": picture_seeds()[name] for name in ("PNG", "PNG bits", "PNG palette")}
    with tempfile.TemporaryDirectory() as folder:
        return tuple(pack(Path(folder, kind), files).read_bytes() for kind in KINDS)


def make(draw: random.Random) -> bytes:
    """A byte that says which kind, and the damaged archive."""
    kind = draw.randrange(len(KINDS))
    return bytes([kind]) + mutated_bytes(draw, seeds()[kind], list(seeds()))


def check(data: bytes) -> None:
    """Read damaged archives of all kinds."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, KINDS[(data[:1] or b"\0")[0] % len(KINDS)])
        archive.write_bytes(data[1:])
        try:
            refs = read(archive)
        except SetupError:
            refs = []
        for ref in [*refs[:50], refer(archive / "folder/PNG.png")]:
            try:
                load(ref, largest_image_bytes=100_000)
            except RunError as fault:
                assert archive.name in str(fault)
        archives.close_all()
        assert [path.name for path in Path(folder).iterdir()] == [archive.name]


FUZZER = Fuzzer(name="archives", make=make, check=check)

if __name__ == "__main__":
    sys.exit(command(FUZZER))
