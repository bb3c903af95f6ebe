"""Hostile captions of hostile file names through every export and back: the same texts, nothing elsewhere, all safe."""

import random
import sys
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd
from export_formats import FORMATS
from making_pictures import encoded, noise

from tests.fuzz.driving import Fuzzer, command
from tests.fuzz.mutating import as_bytes, from_bytes, mutated_text
from vlmkit.errors import SetupError
from vlmkit.exporters.values import clean_text
from vlmkit.untrusted import for_terminal

ROWS = 3
OF_TEXT = {form.name for form in FORMATS} - {"parquet", "webdataset"}


@cache
def pictures() -> list[bytes]:
    """Small pictures that differ."""
    return [encoded(noise((20 + i, 9), seed=i), "JPEG") for i in range(ROWS)]


def make(draw: random.Random) -> bytes:
    """Number of a format, names, captions and tags."""
    names = [mutated_text(draw, f"{i}.jpg")[:80] for i in range(ROWS)]
    texts = [mutated_text(draw, f"A dog, {i}.") for i in range(ROWS)]
    return as_bytes([draw.randrange(len(FORMATS)), names, texts])


def check(data: bytes) -> None:
    """Write hostile captions of hostile file names in every format, and read them back."""
    match from_bytes(data):
        case [int(number), list(names), list(texts)]:
            form = FORMATS[number % len(FORMATS)]
        case _:
            return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "place", "photos")
        place.mkdir(parents=True)
        rows = [(path, str(text)) for path, text in zip(_written(place, names), texts, strict=False) if path]
        if not rows:
            return
        frame = pd.DataFrame(rows, columns=["path", "caption"], dtype=object)
        try:
            _round(form, frame, place.parent)
        except SetupError as fault:
            assert for_terminal(str(fault), keep="\n\t") == str(fault)
        assert [path.name for path in Path(folder).iterdir()] == ["place"]


def _written(folder, names):
    for data, name in zip(pictures(), names, strict=False):
        path = folder / str(name).replace("/", "_")
        try:
            with path.open("xb") as file:
                file.write(data)
        except (OSError, ValueError):  # no name for a file
            yield None
        else:
            yield str(path)


def _round(form, frame, place):
    before = {path.name for path in (place / "photos").iterdir()}
    account = form.write(frame, place, root=place / "photos", card=True)
    if not form.beside:
        assert {path.name for path in (place / "photos").iterdir()} == before
    if form.name in OF_TEXT:
        for path in place.rglob("*"):
            if path.is_file() and path.suffix not in {".jpg", ".parquet", ".tar"} and path.name not in before:
                text = path.read_bytes().decode()
                assert for_terminal(text, keep="\n\t") == text, path
    given = {form.held(clean_text(text)) for text in frame["caption"]}
    back = [text for text in form.texts(form.read(place, place / "photos")) if text]
    assert set(back) <= given, (set(back) - given, given)
    if not form.beside:
        written = (~account["action"].isin(["leave out", "skip"])).sum()
        assert len(back) <= len(frame) <= written + (account["action"] == "leave out").sum()


FUZZER = Fuzzer(name="texts", make=make, check=check)

if __name__ == "__main__":
    sys.exit(command(FUZZER))
