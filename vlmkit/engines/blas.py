"""A fast BLAS for mlx on Linux, loaded before mlx is: its own is the reference one, 15 to 40 times slower.

mlx binds ``cblas_sgemm`` when it is imported, to whatever library is global then. `prepare` makes a good one global;
`report` says how that went, for people.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import sysconfig
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vlmkit.engines.desk import desk
from vlmkit.engines.load_errors import import_fault

__all__ = ["BlasReport", "best_kernels", "library", "prepare", "report", "thread_count", "warn_if_slow"]

_log = logging.getLogger("vlmkit")

_INSTALL = "Install one: sudo apt install libopenblas0 (Debian, Ubuntu), or pip install opencv-python-headless."


@dataclass(frozen=True, kw_only=True, slots=True)
class BlasReport:
    """State of matrix products on this machine.

    Attributes
    ----------
    needed : bool
        Whether mlx computes on a CPU under Linux at all.
    library : str or None
        The library in use; None is mlx's own.
    threads : int
    gflops : float or None
        Measured on a product of two 512 × 512 matrices; None where not tested yet.
    right : bool or None
        Whether that product agrees with numpy's.
    advice : str
        What to do; empty where nothing is.
    """

    needed: bool
    library: str | None = None
    threads: int = 1
    gflops: float | None = None
    right: bool | None = None
    advice: str = ""

    @property
    def fast(self) -> bool:
        """Whether nothing has to be done."""
        return not self.advice


def thread_count() -> int:
    """Threads for one matrix product: ``VLMKIT_BLAS_THREADS``, or one on two cores, else all but one, at most four.

    With all cores taken the threads of a small product wait for each other longer than they work.
    """
    wish = os.environ.get("VLMKIT_BLAS_THREADS", "")
    if wish.isdecimal() and int(wish) > 0:
        return int(wish)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return 1 if cores <= 2 else min(4, cores - 1)


_lock = threading.Lock()
_found: list[tuple[str | None, str]] = []


def prepare() -> None:
    """Load a fast BLAS, unless mlx was imported already; the first call decides."""
    with _lock:
        if not _found:
            _found.append(_load() if sys.platform == "linux" else (None, ""))


def library() -> str | None:
    """The library that was loaded for mlx; None where mlx has its own."""
    prepare()
    return _found[0][0]


def _load() -> tuple[str | None, str]:
    # What mlx compiles at run time goes through g++ and a folder that others may write to, and is no faster here.
    os.environ.setdefault("MLX_DISABLE_COMPILE", "1")
    if "mlx.core" in sys.modules:
        return None, "mlx was imported before vlmkit opened a model. Import vlmkit and open the model first."
    for candidate in _candidates():
        try:
            library = _open(candidate)
        except OSError:
            continue
        if hasattr(library, "cblas_sgemm"):
            getattr(library, "openblas_set_num_threads", lambda _count: None)(thread_count())
            return candidate, ""
    return None, f"No fast BLAS was found. {_INSTALL}"


def _open(candidate: str) -> Any:
    """Open a library for everybody, with the products made for this processor.

    An OpenBLAS that is older than the processor takes it for the oldest of its kind and is four times slower than
    it need be. Which products it takes is decided when it is opened, so it is closed and opened again.
    """
    library = ctypes.CDLL(candidate)
    better = best_kernels(_processor_flags())
    if better and "OPENBLAS_CORETYPE" not in os.environ and _kernels(library) == _OLDEST:
        import _ctypes

        _ctypes.dlclose(library._handle)  # noqa: SLF001  ctypes itself never closes
        os.environ["OPENBLAS_CORETYPE"] = better
        try:
            return ctypes.CDLL(candidate, ctypes.RTLD_GLOBAL)
        finally:
            del os.environ["OPENBLAS_CORETYPE"]  # numpy's own copy knows better
    return ctypes.CDLL(candidate, ctypes.RTLD_GLOBAL)


_OLDEST = "Prescott"
_AVX512 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


def best_kernels(flags: set[str]) -> str | None:
    """Name OpenBLAS's kernels for the newest instructions among a processor's flags; None where it has none of them."""
    if flags >= _AVX512:
        return "SkylakeX"
    return "Haswell" if flags >= {"avx2", "fma"} else None


def _kernels(library: Any) -> str | None:
    name = getattr(library, "openblas_get_corename", None)
    if name is None:
        return None
    name.restype = ctypes.c_char_p
    return str(name().decode())


def _processor_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())


def _candidates() -> list[str]:
    packages = Path(sysconfig.get_paths()["platlib"])
    named = os.environ.get("VLMKIT_BLAS")
    bundled = sorted(str(file) for file in packages.glob("opencv_python*.libs/libopenblas*"))
    return [*([named] if named else []), "libopenblas.so.0", *bundled]


def report() -> BlasReport:
    """Measure a product and say how matrix products are done here; from any thread.

    Raises
    ------
    MissingExtra
        mlx cannot be imported.
    ModelLoadFailed
        mlx is for GPUs that are not here.
    """
    return desk().call(_report)


def _report() -> BlasReport:
    prepare()
    try:
        import mlx.core as mx
    except ImportError as error:
        raise import_fault("This machine", error) from error

    loaded, advice = _found[0]
    if sys.platform != "linux" or mx.default_device() != mx.Device(mx.cpu):
        return BlasReport(needed=False)
    gflops, right = _measure(mx)
    if not right:
        advice = f"The BLAS {loaded or 'of mlx'} gives wrong products. Set VLMKIT_BLAS to another. {_INSTALL}"
    elif gflops >= _FAST_GFLOPS:
        advice = ""
    elif not advice:
        advice = f"{loaded} is slow here, or the machine is busy. {_INSTALL}"
    return BlasReport(
        needed=True, library=loaded, threads=thread_count(), gflops=round(gflops, 1), right=right, advice=advice
    )


# The reference BLAS makes 1 to 5 on any machine, a vectorised one 10 on the slowest that can hold a model.
_FAST_GFLOPS = 8.0
_PATIENCE_S = 0.5


def _measure(mx: Any) -> tuple[float, bool]:
    import numpy as np

    size = 512
    left, right = (np.random.default_rng(seed).standard_normal((size, size), np.float32) for seed in (1, 2))
    a, b = mx.array(left), mx.array(right)
    agrees = np.allclose(np.array(a @ b), left @ right, rtol=1e-3, atol=1e-3)
    gflops, end_s = 0.0, time.perf_counter() + _PATIENCE_S
    # A busy machine interrupts; one product that was left in peace is enough.
    while gflops < 4 * _FAST_GFLOPS and time.perf_counter() < end_s:
        start_s = time.perf_counter()
        mx.eval(a @ b)
        gflops = max(gflops, 2 * size**3 / (time.perf_counter() - start_s) / 1e9)
    return gflops, bool(agrees)


def warn_if_slow(state: BlasReport) -> None:
    """Say once, where logs go, that models are slow here and what to do."""
    if state.needed and not state.fast:
        _log.warning("Models are 10 to 40 times slower here than they could be. %s", state.advice)
