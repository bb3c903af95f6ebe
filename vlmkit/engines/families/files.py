"""A checkpoint's directory as mlx_vlm is to see it: links to its files, some texts written otherwise, weights renamed.

The checkpoint itself is never written to.

transformers 5 saves a tower without the name of the wrapper that it used to stand in, as ``vision_tower.encoder`` for
``vision_tower.vision_model.encoder``. What is missing there is found by comparison: names that the model does not know
are matched with names that it waits for. A match counts only where it is the one way in which every name, none left
over on either side, becomes another by the same few words put in or left out; mlx_vlm then loads strictly, so shapes
must fit, too.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vlmkit.engines import checkpoint_files
from vlmkit.errors import ModelLoadFailed

__all__ = ["Renaming", "load_renamed", "opened", "processor_files", "rules_for"]

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


@dataclass(frozen=True)
class Renaming:
    """Names that begin with some words begin with others.

    Attributes
    ----------
    saved, known : tuple of str
        The words, as they stand in the file and in the model; one is the other with words put in.
    """

    saved: tuple[str, ...]
    known: tuple[str, ...]

    def __call__(self, name: str) -> str:
        """The name in the model; a name that begins otherwise as it is."""
        words = tuple(name.split("."))
        if words[: len(self.saved)] != self.saved:
            return name
        return ".".join((*self.known, *words[len(self.saved) :]))


@dataclass
class _Unfit:
    """What a load that failed had in hand."""

    expected: set[str] = field(default_factory=set)
    got: set[str] = field(default_factory=set)


def load_renamed(open_files: Callable[[], Any]) -> Any:
    """Load a model; once more, with other names, where its weights have names that it does not know.

    Parameters
    ----------
    open_files : callable
        Loads through `mlx_vlm.utils`; what it raises is passed on where no renaming helps.
    """
    with _watched() as unfit:
        try:
            return open_files()
        except ValueError:
            rules = rules_for(unfit.got - unfit.expected, unfit.expected - unfit.got)
            if not rules:
                raise
    with _renamed(rules):
        return open_files()


def rules_for(saved: Iterable[str], known: Iterable[str]) -> tuple[Renaming, ...]:
    """Renamings that turn all names of a file into all names that a model waits for.

    Parameters
    ----------
    saved : iterable of str
        Names that the model does not know.
    known : iterable of str
        Names that are missing.

    Returns
    -------
    One rule for each beginning; none where there is no way, or more than one.
    """
    left, wanted = sorted(saved), set(known)
    if not left or len(left) != len(wanted):
        return ()
    rules = []
    while left:
        possible = [rule for rule in _candidates(left[0], wanted) if _covers(rule, left, wanted)]
        if len(possible) != 1:
            return ()
        rules += possible
        renamed = {name: possible[0](name) for name in left}
        wanted -= {new for old, new in renamed.items() if new != old}
        left = [old for old, new in renamed.items() if new == old]
    return tuple(rules)


def _candidates(name: str, wanted: set[str]) -> Iterator[Renaming]:
    """Shortest beginnings that turn a name into one that is wanted by words put in or left out at one place."""
    words = tuple(name.split("."))
    found = set()
    for other in wanted:
        target = tuple(other.split("."))
        start = next((i for i, (a, b) in enumerate(zip(words, target, strict=False)) if a != b), -1)
        shorter, longer = sorted((words, target), key=len)
        tail = len(shorter) - start
        if start > 0 and len(longer) > len(shorter) and longer[-tail:] == shorter[start:]:
            found.add(Renaming(words[: len(words) - tail], target[: len(target) - tail]))
    yield from found


def _covers(rule: Renaming, left: list[str], wanted: set[str]) -> bool:
    """Whether every name that a rule touches becomes one that is wanted, and no two become one."""
    touched = [rule(name) for name in left if rule(name) != name]
    return bool(touched) and len(set(touched)) == len(touched) and wanted.issuperset(touched)


@contextmanager
def _watched() -> Iterator[_Unfit]:
    """Note which names a model of mlx_vlm has, and which its weights have once it has sorted them; on the desk."""
    import mlx_vlm.utils
    from mlx.utils import tree_flatten

    fill = mlx_vlm.utils.load_model_weights
    seen = _Unfit()

    def noting(model: Any, config: dict[str, Any], weights: Mapping[str, Any], *more: Any, **options: Any) -> Any:
        seen.got = set(weights)
        try:
            return fill(model, config, weights, *more, **options)
        except ValueError:
            seen.expected = set(dict(tree_flatten(model.parameters())))
            raise

    mlx_vlm.utils.load_model_weights = noting
    try:
        yield seen
    finally:
        mlx_vlm.utils.load_model_weights = fill


@contextmanager
def _renamed(rules: tuple[Renaming, ...]) -> Iterator[None]:
    """Let mlx_vlm read weights from files under the names that its models have; on the desk."""
    import mlx_vlm.utils

    read = mlx_vlm.utils._load_safetensors  # noqa: SLF001  the one place where names come out of files

    def renaming(path: str) -> dict[str, Any]:
        weights: dict[str, Any] = read(path)
        for rule in rules:
            weights = {rule(name): weight for name, weight in weights.items()}
        return weights

    mlx_vlm.utils._load_safetensors = renaming  # noqa: SLF001
    try:
        yield
    finally:
        mlx_vlm.utils._load_safetensors = read  # noqa: SLF001
