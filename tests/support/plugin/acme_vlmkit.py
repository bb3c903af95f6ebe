"""One of everything that a package can plug into vlmkit: an engine, a format, a source, a style."""

import json
from pathlib import Path

import pandas as pd
from PIL import Image

from vlmkit.backends import BaseBackend, EngineSpec
from vlmkit.backends.discovery import FoundModel
from vlmkit.errors import ModelNotFound
from vlmkit.exporters import ExportFormat
from vlmkit.prompts import PromptStyle
from vlmkit.sources import PictureSource

ENGINE = EngineSpec(
    name="acme",
    opener="acme_vlmkit:open_model",
    lister="acme_vlmkit:list_models",
    checker="acme_vlmkit:check_model",
    in_process=True,
)
FORMAT = ExportFormat(
    name="acme",
    title="acme lines",
    writer="acme_vlmkit:write_lines",
    reader="acme_vlmkit:read_lines",
    suffixes=(".acme",),
)
SOURCE = PictureSource(name="acme", fetcher="acme_vlmkit:fetch", lister="acme_vlmkit:list_album")
STYLE = PromptStyle(name="pirate", prompt="Describe this image as a pirate would.")


class Shouting(BaseBackend):
    """Says the question in capital letters."""

    def start(self, job):
        """Answer at once, or break."""
        if "break" in job.ask.prompt:
            raise KeyError("voice")
        job.end(self.reply(job, job.ask.prompt.upper()))


def open_model(name, *, url=None):
    """Open a model; one of them cannot be."""
    if name == "hoarse":
        raise RuntimeError("no voice")
    return Shouting(f"acme:{name}")


def list_models(engine, timeout_s, url):
    """The one there is."""
    return [FoundModel(engine=engine, name="acme:loud", sees_pictures=True, source="acme")]


def check_model(engine, url, timeout_s, name=None):
    """Only that one is well."""
    if name not in {None, "loud"}:
        raise ModelNotFound(f"acme:{name}: there is no such model. There is acme:loud.")
    return None, None


def write_lines(frame, path, *, column="caption"):
    """Write a path and a text a line."""
    Path(path).write_text("".join(f"{json.dumps(row)}\n" for row in zip(frame["path"], frame[column], strict=True)))
    return pd.DataFrame({"path": frame["path"], "action": "write"})


def read_lines(path, *, column="caption"):
    """Read them back."""
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    return pd.DataFrame(rows, columns=["path", column])


def list_album(url, recursive):
    """Two pictures, and one below."""
    return [f"{url}/1", f"{url}/2", *([f"{url}/below/3"] if recursive else [])]


def fetch(url, label, limits):
    """A picture as wide as its number says."""
    from io import BytesIO

    stream = BytesIO()
    Image.new("RGB", (10 * int(url.rpartition("/")[2]), 8), "red").save(stream, "PNG")
    return stream.getvalue()
