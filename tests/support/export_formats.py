"""All formats of the exporters, as the contract sees them: their rows, and what some of them cannot hold."""

import inspect
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from vlmkit import exporters
from vlmkit.exporters import EXPORT_FORMATS, ExportFormat, read_dataset
from vlmkit.untrusted import for_file

LINE_ENDS = re.compile(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+\s*")


def same(text):
    return text


def on_one_line(text):
    return LINE_ENDS.sub(" ", for_file(text).strip())


def without_token(text):
    return re.sub("<(image|video|audio)>", r"(\1)", text)


def as_xml(text):
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", text).strip()


HELD = {"sidecars": on_one_line, "llava": without_token, "messages": without_token, "xmp": as_xml, "csv": for_file}
DOCUMENTS = {
    "imagefolder": "set/metadata.jsonl",
    "sidecars": "photos/a.txt",
    "webdataset": "set/shard-000000.tar",
    "xmp": "photos/a.jpg.xmp",
}


@dataclass(frozen=True)
class Format:
    """One format, by its row."""

    row: ExportFormat

    @property
    def name(self):
        return self.row.name

    @property
    def target(self):
        """What is written and read: a file, a folder, or the folder of the pictures."""
        return {"file": "set", "folder": "set", "beside": "photos"}[self.row.layout] + (
            self.row.suffixes[0] if self.row.layout == "file" else ""
        )

    @property
    def held(self):
        """What becomes of a text in it."""
        return HELD.get(self.name, same)

    @property
    def beside(self):
        """Whether there is one file per picture."""
        return self.row.layout == "beside"

    @property
    def keeps_all(self):
        """Whether rows that failed are written, too."""
        return self.row.keeps_failed

    def write(self, frame, folder, **options):
        return getattr(exporters, f"to_{self.name}")(frame, folder / self.target, **options)

    def read(self, folder, root=None):
        options = {"root": root} if root and "root" in inspect.signature(self.row.open_reader()).parameters else {}
        if self.beside:  # texts lie beside the pictures
            return read_dataset(folder / self.target, self.name)
        return read_dataset(folder / self.target, **options)

    def texts(self, frame):
        """Texts that were read, in order of the pictures."""
        column = "caption" if "caption" in frame.columns else "text"
        return [None if pd.isna(value) else value for value in frame[column].astype(object)]

    def file(self, folder):
        """The file that has the texts."""
        return Path(folder) / DOCUMENTS.get(self.name, self.target)


FORMATS = [Format(row) for row in EXPORT_FORMATS.own()]
