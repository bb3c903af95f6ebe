"""Damaged pictures of every kind: a picture within the budget, or a typed fault of its row."""

import dataclasses
import random
import sys

from picture_seeds import picture_seeds

from tests.fuzz.driving import Fuzzer, command
from tests.fuzz.mutating import mutated_bytes
from vlmkit.errors import RunError
from vlmkit.sources import Limits, decode, normalize, read_header, refer

LIMITS = dataclasses.replace(Limits.in_force(), largest_image_pixels=1_000_000)  # time is spent on parsing
BUDGET_PX = 100


def make(draw: random.Random) -> bytes:
    """A file of some kind, damaged."""
    seeds = list(picture_seeds().values())
    return mutated_bytes(draw, draw.choice(seeds), seeds)


def check(data: bytes) -> None:
    """Read headers and pixels of damaged pictures of all kinds."""
    label = f"<bytes {len(data)}>: "
    try:
        header = read_header(refer(data), digest=True, exif=True, limits=LIMITS)
    except RunError as fault:
        assert str(fault).startswith(label)
    else:
        assert header.width * header.height <= LIMITS.largest_image_pixels
    try:
        picture = normalize(refer(data), BUDGET_PX, limits=LIMITS)
    except RunError as fault:
        assert str(fault).startswith(label)
        return
    assert 0 < max(picture.width, picture.height) <= BUDGET_PX
    assert decode(picture).size == (picture.width, picture.height)


FUZZER = Fuzzer(name="pictures", make=make, check=check)

if __name__ == "__main__":
    sys.exit(command(FUZZER))
