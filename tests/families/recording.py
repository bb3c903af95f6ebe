"""A recording: the small files of a checkpoint as transformers saved them, and what transformers made of each question.

It is JSON, packed with xz; written by `tests.families.record`, which alone needs torch.
"""

import json
import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "recordings"
_DECIMALS = 4


@dataclass(frozen=True)
class Answer:
    """What transformers made of one question.

    Attributes
    ----------
    token_ids : list of int
        Of the prompt.
    logits : ndarray
        Of the first step, to four decimals.
    tokens : list of int
        Written greedily, up to the end of the text.
    ties : dict of int to (int, float)
        Where another token was nearly as likely: step, that token, and how far its logit was behind.
    """

    token_ids: list[int]
    logits: Any
    tokens: list[int]
    ties: dict[int, tuple[int, float]]


@dataclass(frozen=True)
class Recording:
    """One family.

    Attributes
    ----------
    family : str
    recipe : str
        Digest of the recipe it was made from.
    seed : int
        Of the weights.
    versions : dict
        Of transformers and torch.
    files : dict of str to str
        As transformers 5 saved them, weights aside.
    tensors : dict of str to (shape, center) or (shape, center, dtype)
        As `weights.draw` takes them; a dtype marks a constant, which has the center everywhere.
    answers : dict of str to Answer
    """

    family: str
    recipe: str
    seed: int
    versions: dict[str, str]
    files: dict[str, str]
    tensors: dict[str, list[Any]]
    answers: dict[str, Answer]


def families():
    """Names of all recordings."""
    return sorted(file.name.removesuffix(".json.xz") for file in FOLDER.glob("*.json.xz"))


def load(family):
    """Read a recording."""
    raw = json.loads(lzma.decompress(_file(family).read_bytes()))
    answers = {
        name: Answer(
            answer["token_ids"],
            np.array(answer["logits"], np.float64) / 10**_DECIMALS,
            answer["tokens"],
            {int(step): tuple(tie) for step, tie in answer["ties"].items()},
        )
        for name, answer in raw.pop("answers").items()
    }
    return Recording(answers=answers, **raw)


def save(recording):
    """Write a recording; the same one gives the same bytes."""
    raw = dict(vars(recording))
    raw["answers"] = {
        name: {**vars(answer), "logits": np.rint(np.asarray(answer.logits) * 10**_DECIMALS).astype(int).tolist()}
        for name, answer in recording.answers.items()
    }
    text = json.dumps(raw, separators=(",", ":"), sort_keys=True)
    FOLDER.mkdir(exist_ok=True)
    _file(recording.family).write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def _file(family):
    return FOLDER / f"{family}.json.xz"
