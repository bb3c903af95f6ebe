"""Checkpoints whose small files are damaged: an answer, a fault of the row, or a setup fault; nothing else, no hang."""

import io
import json
import random
import shutil
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from making_pictures import corners, encoded

import vlmkit as vk
from tests.fuzz.driving import Fuzzer, command
from tests.fuzz.mutating import as_bytes, from_bytes, mutated_bytes, mutated_json, mutated_text
from vlmkit.errors import VlmkitError

WEIGHTS = Path(vk.__file__).parent / "tiny" / "weights"


@cache
def seeds() -> dict[str, bytes]:
    """The small files of the bundled model."""
    return {
        path.name: path.read_bytes()
        for path in sorted(WEIGHTS.iterdir())
        if path.suffix in {".json", ".jinja"} and path.is_file()
    }


def make(draw: random.Random) -> bytes:
    """Names of files and their content as latin-1; other files are as they were."""
    changed = {}
    for name in draw.sample(sorted(seeds()), draw.choice([1, 1, 2])):
        data = seeds()[name]
        if draw.randrange(3) == 0:
            changed[name] = mutated_bytes(draw, data, list(seeds().values()))
        elif name.endswith(".jinja"):
            changed[name] = mutated_text(draw, data.decode()).encode("utf-8", "surrogatepass")
        else:
            changed[name] = json.dumps(mutated_json(draw, json.loads(data))).encode()
    return as_bytes({name: data.decode("latin-1") for name, data in changed.items()})


def check(data: bytes) -> None:
    """Look at, load and ask checkpoints whose small files are damaged."""
    files = from_bytes(data, dict)
    if files is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in WEIGHTS.iterdir():
            if path.is_file():
                shutil.copyfile(path, Path(folder, path.name))
        for name, content in files.items():
            if name in seeds() and isinstance(content, str):
                Path(folder, name).write_bytes(content.encode("latin-1", "replace"))
        with suppress(VlmkitError):
            found = vk.compat(folder)
            assert found.verdict or found.obstacle
        try:
            model = vk.load(folder)
        except VlmkitError as fault:
            assert str(fault)
            return
        try:
            picture = io.BytesIO(encoded(corners(), "PNG")).getvalue()
            table = vk.caption([picture], model=model, timeout_s=20, max_tokens=6, progress=False)
            assert len(table) == 1
        except VlmkitError as fault:
            assert str(fault)
        finally:
            model.close()


FUZZER = Fuzzer(name="checkpoints", make=make, check=check)

if __name__ == "__main__":
    sys.exit(command(FUZZER))
