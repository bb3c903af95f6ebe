"""A fast BLAS under mlx, or a plain notice with the fix."""

import logging
import os
import sys
from dataclasses import replace

import pytest

from vlmkit.engines import blas

linux = pytest.mark.skipif(sys.platform != "linux", reason="mlx brings a fast BLAS on other systems")

REPORT = (
    "from vlmkit.engines import blas\n"
    "state = blas.report()\n"
    "print(state.needed, state.library, state.fast, state.right, state.threads, state.advice)\n"
)


@linux
def test_a_fast_library_is_found_here_and_used(fresh_python):
    """mlx-vlm's own dependencies bring one; products are right and fast with it."""
    needed, library, fast, right, threads, *advice = fresh_python(REPORT).stdout.split()
    assert (needed, fast, right, advice) == ("True", "True", "True", [])
    assert "blas" in library
    assert int(threads) == blas.thread_count()


@linux
def test_mlx_imported_too_early_is_said(fresh_python):
    """Nothing can be changed then, so the notice names the order."""
    done = fresh_python("import mlx.core\n" + REPORT)
    assert "None False True" in done.stdout
    assert "mlx was imported before vlmkit opened a model" in done.stdout


@linux
def test_no_library_is_said_with_the_command_that_helps(fresh_python):
    """The same on a machine that has none."""
    done = fresh_python("from vlmkit.engines import blas\nblas._candidates = lambda: ['libnowhere.so']\n" + REPORT)
    assert "No fast BLAS was found" in done.stdout
    assert "apt install libopenblas0" in done.stdout


def test_a_named_library_comes_first(monkeypatch):
    """VLMKIT_BLAS, then the system's, then one that another wheel brought."""
    monkeypatch.setenv("VLMKIT_BLAS", "/opt/mine.so")
    candidates = blas._candidates()
    assert candidates[:2] == ["/opt/mine.so", "libopenblas.so.0"]
    monkeypatch.delenv("VLMKIT_BLAS")
    assert blas._candidates() == candidates[1:]


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (3, 2), (4, 3), (5, 4), (64, 4)])
def test_threads_leave_a_core_to_the_others(monkeypatch, cores, threads):
    """One on two cores, else all but one, at most four."""
    monkeypatch.delenv("VLMKIT_BLAS_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(cores), raising=False)
    assert blas.thread_count() == threads


@pytest.mark.parametrize(("wish", "threads"), [("7", 7), ("0", 1), ("many", 1), ("", 1)])
def test_a_wish_for_threads_is_followed_where_it_is_a_number(monkeypatch, wish, threads):
    """Anything else is as if it were not set."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2), raising=False)
    monkeypatch.setenv("VLMKIT_BLAS_THREADS", wish)
    assert blas.thread_count() == threads


@linux
def test_wrong_products_are_said_before_slow_ones(monkeypatch):
    """A library that miscalculates is named, however fast."""
    monkeypatch.setattr(blas, "_measure", lambda _: (99.0, False))
    state = blas.report()
    if not state.needed:
        pytest.skip("mlx computes on a GPU here")
    assert "gives wrong products" in state.advice
    assert "VLMKIT_BLAS" in state.advice
    assert not state.fast


def test_a_slow_machine_is_warned_about_once_per_model(caplog):
    """In the log, with the advice; a fast one in silence."""
    slow = blas.BlasReport(needed=True, advice="Install one.")
    with caplog.at_level(logging.WARNING, "vlmkit"):
        blas.warn_if_slow(replace(slow, advice=""))
        blas.warn_if_slow(replace(slow, needed=False))
        assert not caplog.records
        blas.warn_if_slow(slow)
    assert "slower here than they could be. Install one." in caplog.text


@pytest.mark.parametrize(
    ("flags", "kernels"),
    [
        ({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma"}, "SkylakeX"),
        ({"avx512f", "avx2", "fma"}, "Haswell"),
        ({"avx2"}, None),
        (set(), None),
    ],
)
def test_kernels_for_the_newest_instructions(flags, kernels):
    """All parts of AVX-512 that the kernels use, or AVX2 with FMA, or nothing is forced."""
    assert blas.best_kernels(flags) == kernels


@linux
def test_no_processor_is_taken_for_the_oldest(fresh_python):
    """A library older than the processor is opened with the kernels that the processor can run."""
    done = fresh_python(
        "import ctypes, os\n"
        "from vlmkit.engines import blas\n"
        "loaded = blas.library()\n"
        "print(loaded and blas._kernels(ctypes.CDLL(loaded)), blas.best_kernels(blas._processor_flags()))\n"
        "print('OPENBLAS_CORETYPE' in os.environ)\n"
    )
    kernels, best, left_behind = done.stdout.split()
    assert kernels != "Prescott" or best == "None"
    assert left_behind == str("OPENBLAS_CORETYPE" in os.environ)
