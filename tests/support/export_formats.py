"""All formats of the exporters, as the contract sees them: how each is written, read, and what it cannot hold."""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from vlmkit import exporters
from vlmkit.exporters import read_dataset
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


@dataclass(frozen=True)
class Format:
    """One format.

    ``target`` is what it writes, ``document`` the file that has the texts; ``held`` what becomes of a text in it.
    """

    name: str
    target: str
    document: str
    held: object = same
    beside: bool = False  # one file per picture
    keeps_all: bool = False  # rows that failed, too

    def write(self, frame, folder, **options):
        return getattr(exporters, f"to_{self.name}")(frame, folder / self.target, **options)

    def read(self, folder, root=None):
        named = self.name in {"kohya", "coco", "llava", "messages", "label_studio"}
        options = {"root": root} if named and root else {}
        if self.beside:  # texts lie beside the pictures
            return read_dataset(folder / self.target, self.name)
        return read_dataset(folder / self.target, **options)

    def texts(self, frame):
        """Texts that were read, in order of the pictures."""
        column = "caption" if "caption" in frame.columns else "text"
        return [None if pd.isna(value) else value for value in frame[column].astype(object)]

    def file(self, folder):
        return Path(folder) / self.document


FORMATS = [
    Format("imagefolder", "set", "set/metadata.jsonl"),
    Format("parquet", "set.parquet", "set.parquet"),
    Format("sidecars", "photos", "photos/a.txt", held=on_one_line, beside=True),
    Format("kohya", "set.json", "set.json"),
    Format("coco", "set.json", "set.json"),
    Format("webdataset", "set", "set/shard-000000.tar"),
    Format("llava", "set.json", "set.json", held=without_token),
    Format("messages", "set.jsonl", "set.jsonl", held=without_token),
    Format("label_studio", "set.json", "set.json", keeps_all=True),
    Format("xmp", "photos", "photos/a.jpg.xmp", held=as_xml, beside=True),
    Format("jsonl", "set.jsonl", "set.jsonl", keeps_all=True),
    Format("csv", "set.csv", "set.csv", held=for_file, keeps_all=True),
]
