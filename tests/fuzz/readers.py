"""Damaged data sets of all formats: a table of what can be read, with the reasons for the rest, or a setup fault."""

import json
import random
import sys
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd
from export_formats import FORMATS
from making_pictures import encoded, noise

from tests.fuzz.driving import Fuzzer, command
from tests.fuzz.mutating import mutated_bytes, mutated_json
from vlmkit.errors import SetupError
from vlmkit.exporters import merge_edits

NAMES = ("a.jpg", "sub/b.jpg", "c 猫.jpg")


def _frame(folder):
    return pd.DataFrame({"path": [str(folder / name) for name in NAMES], "caption": ["a dog", "=1, 2", 'a "cat"\nü']})


def _photos(folder):
    for i, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(noise((20 + i, 9), seed=i), "JPEG"))


@cache
def seeds() -> list[bytes]:
    """What each format writes into its document."""
    found = []
    for form in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            photos = Path(folder, "photos")
            _photos(photos)
            form.write(_frame(photos), Path(folder), root=photos, card=False)
            found.append(form.file(folder).read_bytes())
    return found


def make(draw: random.Random) -> bytes:
    """A byte that says which format, and its document, damaged."""
    number = draw.randrange(len(FORMATS))
    data = seeds()[number]
    if draw.randrange(2):
        try:
            data = json.dumps(mutated_json(draw, json.loads(data))).encode()
        except ValueError:
            lines = data.splitlines()
            at = draw.randrange(len(lines)) if lines else 0
            try:
                lines[at] = json.dumps(mutated_json(draw, json.loads(lines[at]))).encode()
                data = b"\n".join(lines)
            except (ValueError, IndexError):
                data = mutated_bytes(draw, data, seeds())
        return bytes([number]) + data
    return bytes([number]) + mutated_bytes(draw, data, seeds())


def check(data: bytes) -> None:
    """Read damaged data sets of all formats, and merge what was read."""
    form = FORMATS[(data[:1] or b"\0")[0] % len(FORMATS)]
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder, "photos")
        _photos(photos)
        document = form.file(folder)
        document.parent.mkdir(parents=True, exist_ok=True)
        document.write_bytes(data[1:])
        try:
            table = form.read(Path(folder), photos)
        except SetupError:
            return
        assert isinstance(table, pd.DataFrame)
        try:
            merge_edits(_frame(photos), table, column="caption")
        except SetupError:
            return


FUZZER = Fuzzer(name="readers", make=make, check=check)

if __name__ == "__main__":
    sys.exit(command(FUZZER))
