"""What an error at the import of mlx or at the load of a model means, and what helps.

Another download helps only where files are missing.
"""

from __future__ import annotations

import importlib.metadata
import re
from typing import TYPE_CHECKING

from vlmkit.errors import MissingExtra, ModelLoadFailed, SetupError

if TYPE_CHECKING:
    from vlmkit.engines.inspection import Checkpoint

__all__ = ["explain_load_error", "import_fault"]

_LONGEST_CHARACTERS = 400
_ELSEWHERE = "Use a newer vlmkit, another version of the model, or an engine that has it (vllm:…, ollama:…)"
# The first that fits; a new download would bring the same files in all of these.
_MEANINGS = (
    (
        r"Received \d+ parameters? not in model|Missing \d+ parameters?",
        "Its weights have other names than mlx_vlm's code for this family: it is another variant of the family",
    ),
    (
        r"Expected shape|shape .* (?:mismatch|incompatible)|cannot be (?:broadcast|reshaped)",
        "Its weights have other shapes than its config.json says, or than mlx_vlm's code for this family makes of it",
    ),
    (
        r"[Uu]nsupported|not supported|[Oo]nly .* supported|must be one of",
        "mlx_vlm's code for this family does not have what its config.json names",
    ),
    (
        r"missing \d+ required|must contain keys|object has no attribute|has no len|must be positive",
        "Its config.json does not name what mlx_vlm's code for this family asks for",
    ),
    (
        r"unexpected keyword argument|multiple values for",
        "Its processor is written for another version of transformers or mlx_vlm than the ones installed",
    ),
)


def explain_load_error(what: str, error: Exception, checkpoint: Checkpoint) -> str:
    """A message for people: what failed, what it means, what to do.

    Parameters
    ----------
    what : str
        What failed, as ``"mlx:… cannot be loaded"``.
    error : Exception
        Of mlx_vlm, transformers or mlx.
    checkpoint : Checkpoint
        What was being loaded.
    """
    text = f"{what}: {type(error).__name__}: {_short(str(error))}"
    if isinstance(error, MemoryError) or "allocate" in str(error):
        return f"{text}. The machine is out of memory: close other programs or name a smaller model."
    if "trust_remote_code" in str(error):
        return (
            f"{text}. Its processor is code shipped in the checkpoint, which is not run. Use a model whose files "
            "mlx_vlm reads itself, or, if you trust its author, open it with allow_code=<the model's name>."
        )
    if checkpoint.missing:
        return f"{text}. {checkpoint.directory} lacks {checkpoint.missing}: get the model again, whole."
    meaning = next((meaning for pattern, meaning in _MEANINGS if re.search(pattern, str(error))), None)
    if meaning is None:
        meaning = "Its files are whole, so another download would bring the same"
    return f"{text}. {meaning}. {_ELSEWHERE}."


def _short(text: str) -> str:
    """The beginning of a long text, which lists names for pages, in one line."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _LONGEST_CHARACTERS else f"{line[:_LONGEST_CHARACTERS].rpartition(' ')[0]} …"


_DRIVER = re.compile(r"lib(?:cuda|nvidia-ml)\.so[.\d]*")
_LIBRARY = re.compile(r"(lib[\w+.-]+\.so[.\d]*|\S+\.dylib)")
_CUDA_BUILDS = ("mlx-cuda-13", "mlx-cuda-12", "mlx-cuda")


def import_fault(name: str, error: ImportError) -> SetupError:
    """What to raise where importing mlx, or a library that needs it, failed.

    Parameters
    ----------
    name : str
        What was to be done with it, for the beginning of the message.
    error : ImportError
        As Python raised it.

    Returns
    -------
    SetupError
        `ModelLoadFailed` where mlx is there and this machine lacks what it was built for; else `MissingExtra`.
    """
    builds = {build: version for build in _CUDA_BUILDS if (version := _version(build))}
    driver = _DRIVER.search(str(error))
    if driver or (builds and _LIBRARY.search(str(error))):
        return ModelLoadFailed(_without_gpu(name, str(error), driver[0] if driver else None, builds))
    message = f"{name} needs mlx and mlx_vlm, and importing them failed: {error}. Repair: pip install -U vlmkit"
    return MissingExtra(message)


def _without_gpu(name: str, problem: str, driver: str | None, builds: dict[str, str]) -> str:
    lacks = f"{driver} is missing, which NVIDIA's driver brings" if driver else problem
    said = ", ".join(f"{build} {version}" for build, version in builds.items()) or "its CUDA build"
    version = _version("mlx") or next(iter(builds.values()), None)
    # Both builds are files of the same names: taking one out leaves neither.
    mend = f"pip install --force-reinstall --no-deps mlx-cpu{f'=={version}' if version else ''}"
    if builds:
        mend = f"pip uninstall -y {' '.join(builds)} && {mend}"
    return (
        f"{name}: mlx cannot be imported: {lacks}. Installed is mlx for NVIDIA GPUs ({said}), as by vlmkit[cuda]. "
        f"On a machine without such a GPU put mlx for CPUs in its place: {mend}"
    )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
