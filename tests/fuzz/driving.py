"""What runs a fuzzer: inputs from a seed, each in a file until it was survived, failures told by file and reason."""

import argparse
import faulthandler
import os
import random
import re
import resource
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_MOST_CPU_S = 10.0  # of one input; no honest reading takes a tenth of it
_MOST_WALL_S = 120.0  # after that the process ends, with a traceback; its input lies in the file
_MOST_FAILURES = 20


@dataclass(frozen=True, kw_only=True)
class Fuzzer:
    """One thing that reads what strangers made.

    Attributes
    ----------
    name : str
    make : callable (Random) -> bytes
        The next input.
    check : callable (bytes) -> None
        Reads it; raises where it is not read as promised. Any bytes may come, also such as `make` never makes.
    """

    name: str
    make: Callable[[random.Random], bytes]
    check: Callable[[bytes], None]


@dataclass
class Account:
    """What came of it.

    Attributes
    ----------
    tried : int
    slowest_cpu_s : float
    failures : dict of str to Path
        Last line of each kind of failure, and the first input that had it.
    """

    tried: int = 0
    slowest_cpu_s: float = 0.0
    failures: dict = field(default_factory=dict)


def run(fuzzer: Fuzzer, *, cpu_s: float, folder: Path, seed: int, least: int = 1) -> Account:
    """Try inputs until so much time of the processor is used.

    Parameters
    ----------
    fuzzer : Fuzzer
    cpu_s : float
    folder : Path
        Where inputs are kept: the one that is being tried, and those that failed.
    seed : int
        The same gives the same inputs.
    least : int, default 1
        Inputs that are tried in any case.
    """
    draw, account = random.Random(seed), Account()
    folder.mkdir(parents=True, exist_ok=True)
    current = folder / f"{fuzzer.name}.current"
    start = time.process_time()
    while account.tried < least or (time.process_time() - start < cpu_s and len(account.failures) < _MOST_FAILURES):
        data = fuzzer.make(draw)
        current.write_bytes(data)  # a process that crashes or hangs leaves it behind
        _try_one(fuzzer, data, folder, account)
    current.unlink()
    return account


def _try_one(fuzzer: Fuzzer, data: bytes, folder: Path, account: Account) -> None:
    faulthandler.dump_traceback_later(_MOST_WALL_S, exit=True, file=2)
    before = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fuzzer.check(data)
        reason = None
    except Exception as error:
        reason = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{Path(place.filename).name}:{place.lineno}: {reason}"[:300]
    finally:
        faulthandler.cancel_dump_traceback_later()
    used = time.process_time() - before
    account.tried += 1
    account.slowest_cpu_s = max(account.slowest_cpu_s, used)
    if used > _MOST_CPU_S:
        reason = reason or f"took {used:.0f} s of the processor"
    kind = None if reason is None else re.sub(r"\d+|0x\w+", "", reason)[:80]
    if kind is not None and kind not in account.failures:
        saved = folder / f"{fuzzer.name}-{len(account.failures) + 1:02}.bin"
        saved.write_bytes(data)
        account.failures[kind] = (saved, reason)


@contextmanager
def _quiet(folder: Path) -> Iterator[None]:
    """Send what libraries in C say about damaged files into a file; how a process ended is told there, too."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = os.dup(2)
    with Path(folder, "stderr.txt").open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def command(fuzzer: Fuzzer, arguments: Sequence[str] | None = None) -> int:
    """The command line of a fuzzer; 1 where something failed."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.fuzz.{fuzzer.name}", description=fuzzer.check.__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="time of the processor. [1]")
    parser.add_argument("--seed", type=int, help="the same gives the same inputs. [another each time]")
    parser.add_argument("--save", type=Path, help="folder for inputs that fail. [a new one]")
    parser.add_argument("--replay", type=Path, nargs="+", metavar="FILE", help="try these inputs, and no others.")
    asked = parser.parse_args(arguments)
    if asked.replay:
        for file in asked.replay:
            fuzzer.check(file.read_bytes())
            print(f"{file}: as promised")
        return 0
    os.environ["VLMKIT_STORE"] = "false"  # what is tried here is nobody's run
    seed = int.from_bytes(os.urandom(4), "big") if asked.seed is None else asked.seed
    folder = asked.save or Path(tempfile.mkdtemp(prefix="vlmkit-fuzz-"))
    with _quiet(folder):
        account = run(fuzzer, cpu_s=asked.minutes * 60, folder=folder, seed=seed)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{fuzzer.name}: {account.tried} inputs of seed {seed}, {len(account.failures)} kinds of failure; the slowest "
        f"took {account.slowest_cpu_s:.2f} s of the processor; peak {peak_mb:.0f} MB"
    )
    for saved, reason in account.failures.values():
        print(f"  {saved}: {reason}")
    return int(bool(account.failures))
