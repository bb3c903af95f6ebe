"""Writes the checkpoint of a recording, from numpy alone, in either layout that people meet.

``"v5"`` is what transformers 5 saves, such as any fine-tune of today; ``"v4"`` is how the originals lie on the Hub,
most of them saved by transformers 4.
"""

import json

import numpy as np
from safetensors.numpy import save_file

from tests.families import original
from tests.families.weights import draw

LAYOUTS = ("v4", "v5")


def write(recording, directory, layout, *, change=None):
    """Write a checkpoint.

    Parameters
    ----------
    recording : Recording
    directory : Path
        Made if missing.
    layout : {"v4", "v5"}
    change : callable or None, default None
        Gets the files, JSON already parsed, and the tensors, both by name, and changes them in place.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = {name: json.loads(text) if name.endswith(".json") else text for name, text in recording.files.items()}
    tensors = {name: _tensor(recording, name) for name in recording.tensors}
    if layout == "v4":
        files, tensors = original.layout(recording.family, files, tensors)
    if change is not None:
        change(files, tensors)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False)
        (directory / name).write_text(text, encoding="utf-8")
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    return directory


def legible(files, _tensors):
    """Change a checkpoint so that each token shows as a text of its own, and equal texts are equal tokens."""
    files["tokenizer.json"]["decoder"] = {"type": "Fuse"}


def _tensor(recording, name):
    shape, center, *constant = recording.tensors[name]
    if constant:
        return np.full(shape, center, constant[0])
    return draw(recording.family, name, shape, center, recording.seed)
