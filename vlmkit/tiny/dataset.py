"""Write drawn scenes as a dataset: ``python -m vlmkit.tiny.dataset datasets/scenes``.

The layout is Hugging Face's imagefolder: pictures beside a ``metadata.jsonl`` whose ``file_name`` column names them;
the other columns are the truth. Sizes and formats are mixed as in a real folder; training never draws these seeds.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from vlmkit.tiny import questions, scenes
from vlmkit.tiny.scenes import thousandths

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["FIRST_SEED", "main", "write"]

FIRST_SEED = 2_000_000_000_000  # training draws its seeds below 10**12
_FORMATS = (("JPEG", ".jpg"), ("JPEG", ".jpeg"), ("PNG", ".png"), ("WEBP", ".webp"), ("JPEG", ".JPG"))


def write(folder: Path, count: int = 200) -> list[Path]:
    """Draw scenes into a folder.

    Parameters
    ----------
    folder : Path
        Made if missing; files of the same names are replaced.
    count : int, default 200

    Returns
    -------
    list of Path
        The pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files, lines = [], []
    for number in range(count):
        rng = random.Random(f"dataset {number}")
        scene = scenes.make(FIRST_SEED + number)
        enlarged = rng.choice((1, 1, 2, 2, 3))
        scene = dataclasses.replace(scene, width=scene.width * enlarged, height=scene.height * enlarged)
        format_name, suffix = rng.choice(_FORMATS)
        file = folder / f"scene-{number + 1:03d}{suffix}"
        _save(scene.draw(), file, format_name)
        files.append(file)
        lines.append(json.dumps({"file_name": file.name, **_truth(scene)}))
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files


def _save(image: Image.Image, file: Path, format_name: str) -> None:
    if format_name == "PNG":
        image.save(file, format_name, optimize=True)
    else:
        image.save(file, format_name, quality=88)


def _truth(scene: scenes.Scene) -> dict[str, object]:
    fields = {
        name: questions.field_value(scene, name) for name in ("count", "background", "shapes", "colors", "objects")
    }
    boxes = [thousandths(box) for box in scene.boxes()]
    captions = {style: scene.caption(style) for style in get_args(scenes.Style)}
    return {**fields, **captions, "tags": questions.tag_list(scene), "seed": scene.seed, "boxes": boxes}


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and write the dataset."""
    parser = argparse.ArgumentParser(prog="python -m vlmkit.tiny.dataset", description="Draw a folder of scenes.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args(arguments)
    files = write(options.folder, options.count)
    print(f"{len(files)} scenes in {options.folder}")


if __name__ == "__main__":
    main()
