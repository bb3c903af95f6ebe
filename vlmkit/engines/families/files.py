"""A checkpoint's directory as mlx_vlm is to see it: links to the files, and in place of some a text written otherwise.

The checkpoint itself is never written to.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vlmkit.engines import checkpoint_files
from vlmkit.errors import ModelLoadFailed

__all__ = ["opened", "processor_files"]

# Where transformers 5 nests what it used to write to a file of its own.
_NESTED = {"image_processor": "preprocessor_config.json", "video_processor": "video_preprocessor_config.json"}


@contextmanager
def opened(directory: Path, config: Mapping[str, Any], written: Mapping[str, Any]) -> Iterator[Path]:
    """The directory, or one of links to its files where some have to be read otherwise.

    Parameters
    ----------
    directory : Path
    config : mapping
        For mlx_vlm.
    written : mapping
        Of config.json as it is.
    """
    instead = processor_files(directory)
    if config != written:
        instead["config.json"] = dict(config)
    if not instead:
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="vlmkit-") as folder:
        # Under its own name, which libraries show and remember.
        seen = Path(folder) / directory.resolve().name
        seen.mkdir()
        for file in directory.iterdir():
            if file.name not in instead:
                (seen / file.name).symlink_to(file.resolve())
        for name, settings in instead.items():
            (seen / name).write_text(json.dumps(settings), encoding="utf-8")
        yield seen


def processor_files(directory: Path) -> dict[str, Any]:
    """Processor files that a checkpoint lacks, because transformers 5 nested them in another one.

    Parameters
    ----------
    directory : Path

    Returns
    -------
    Settings by name of the file; empty where nothing is missing.
    """
    try:
        nested: Any = checkpoint_files.read_json(directory / "processor_config.json", directory.name)
    except (OSError, ModelLoadFailed):  # its reader will say so
        return {}
    made = {}
    for key, name in _NESTED.items():
        settings = nested.get(key) if isinstance(nested, dict) else None
        if isinstance(settings, dict) and not (directory / name).exists():
            made[name] = {"processor_class": nested.get("processor_class"), **settings}
    return made
