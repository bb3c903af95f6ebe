"""Files of settings and environments of any content: a value that fits, or a setup fault that says what to correct."""

import os
import random
import sys
import tempfile
from pathlib import Path
from unittest import mock

from tests.fuzz.driving import Fuzzer, command
from tests.fuzz.mutating import as_bytes, from_bytes, mutated_bytes, mutated_text
from vlmkit import settings
from vlmkit.errors import VlmkitError

SAMPLE = """\
[vision]
model = "tiny"
keep_loaded = 300.0

[processing]
workers = "auto"
timeout_s = "none"
on_timeout = "error"
max_retries = 3
store = true

[images]
largest_image_bytes = 536_870_912

[remote]
allow_private_hosts = false

[hosts.vllm]
url = "http://gpu-box:8000/v1"
key_variable = "LAB_KEY"
parallel_asks = 32
requests_per_minute = 600
ca_file = "~/lab-ca.pem"
verify = true
"""
VALUES = (
    "",
    "0",
    "-1",
    "nan",
    "inf",
    "1e999",
    "9" * 400,
    "true",
    "auto",
    "none",
    "a.b",
    "http://[::1",
    "~nobody/x",
    " ",
)


def make(draw: random.Random) -> bytes:
    """Bytes of a file, as latin-1, and variables."""
    lines = SAMPLE.splitlines(keepends=True)
    draw.shuffle(lines) if draw.randrange(4) == 0 else None
    text = mutated_text(draw, "".join(lines))
    data = text.encode("utf-8", "surrogatepass")
    if draw.randrange(4) == 0:
        data = mutated_bytes(draw, data, [data])
    names = draw.sample(sorted(setting.variable for setting in settings.SETTINGS.values()), 3)
    variables = {name: mutated_text(draw, draw.choice(VALUES)) for name in names}
    return as_bytes([data.decode("latin-1"), variables])


def check(data: bytes) -> None:
    """Read files of settings and environments of any content."""
    match from_bytes(data):
        case [str(text), dict(variables)]:
            content = text.encode("latin-1", "replace")
        case _:
            return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "vlmkit.toml")
        file.write_bytes(content)
        known = {setting.variable for setting in settings.SETTINGS.values()}
        usable = {name: value for name, value in variables.items() if name in known and _can_be_set(value)}
        for environment in ({"VLMKIT_CONFIG": str(file)}, usable):
            with mock.patch.dict(os.environ, environment):
                _ask_everything()
        try:
            settings.refused_without_consent(file)
        except VlmkitError as fault:
            assert "vlmkit.toml" in str(fault)


def _can_be_set(value):
    try:
        return b"\0" not in os.fsencode(value)
    except (UnicodeEncodeError, TypeError):
        return False


def _ask_everything():
    for name in settings.SETTINGS:
        _asked(settings.get, name)
    for name in ("vllm", "openai"):
        _asked(settings.host, name)
    _asked(settings.require_model)


def _asked(ask, *names):
    try:
        ask(*names)
    except VlmkitError as fault:
        assert len(str(fault)) < 5000


FUZZER = Fuzzer(name="settings_files", make=make, check=check)

if __name__ == "__main__":
    sys.exit(command(FUZZER))
