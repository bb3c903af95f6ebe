"""Why mlx cannot be imported, and the command that mends it."""

from __future__ import annotations

import importlib.metadata
import re

from vlmkit.errors import MissingExtra, ModelLoadFailed, SetupError

__all__ = ["import_fault"]

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
