"""What a process of its own costs a model: processor and clock per ask, opening, memory; beside one in this process.

    python -m tests.benchmarks.isolation_speed --rounds 5 --asks 1 32

Both engines are open at the same time and are asked in turn, now the one first and now the other, each round about
pictures that neither has seen. Processor time is that of this process and of the child together, so that a busy machine
changes it little.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import wait
from pathlib import Path

import psutil

from vlmkit.engines.mlx import open_engine
from vlmkit.tiny import scenes

ROOT = Path(__file__).parents[2]
KINDS = ("in this process", "isolated")

OPENING = """
import json, sys, time
began_s = time.perf_counter()
import psutil
import vlmkit as vk
from vlmkit.tiny import scenes
engine = vk.load("tiny", isolate_model=sys.argv[1] == "isolated")
open_s = time.perf_counter() - began_s
engine.generate(scenes.make(1).draw(), "Describe the picture.")
this = psutil.Process()
all_ = [this, *this.children()]
print(json.dumps({
    "seconds": open_s,
    "cpu_s": sum(sum(each.cpu_times()[:2]) for each in all_),
    "memory_mb": [round(each.memory_info().rss / 1e6) for each in all_],
}))
engine.close()
"""


def cpu_s(engine):
    """Processor time so far of this process and of an engine's child."""
    child = getattr(engine, "process_id", None)
    own = time.process_time()
    return own if child is None else own + sum(psutil.Process(child).cpu_times()[:2])


def measure(engine, first, count):
    """Seconds by the clock and of the processors, for so many asks at once about pictures of their own; the texts."""
    asks = [engine.ask(scenes.make(first + number).draw(), "Describe the picture.") for number in range(count)]
    start_s, start_cpu_s = time.perf_counter(), cpu_s(engine)
    futures = [engine.submit(ask) for ask in asks]
    wait(futures)
    return time.perf_counter() - start_s, cpu_s(engine) - start_cpu_s, [future.result().text for future in futures]


def opening(kind):
    """Seconds, processor time and memory of a fresh program that opens the model and asks once."""
    done = subprocess.run([sys.executable, "-c", OPENING, kind], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def compare(rounds, counts):
    """Rows of (asks, kind, clock seconds per ask, processor seconds per ask), medians; raises where answers differ."""
    found = []
    with open_engine("tiny", isolate_model=False) as plain, open_engine("tiny", isolate_model=True) as isolated:
        engines = dict(zip(KINDS, (plain, isolated), strict=True))
        first = 1000
        for count in counts:
            taken = {kind: [] for kind in KINDS}
            for turn in range(rounds + 1):  # the first is for warming up
                texts = []
                for kind in KINDS if turn % 2 else KINDS[::-1]:
                    *seconds, said = measure(engines[kind], first, count)
                    taken[kind].append([each / count for each in seconds])
                    texts.append(said)
                assert texts[0] == texts[1]
                first += count
            medians = {kind: map(statistics.median, zip(*taken[kind][1:], strict=True)) for kind in KINDS}
            found += [(count, kind, *medians[kind]) for kind in KINDS]
    return found


def parse(arguments=None):
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--asks", type=int, nargs="+", default=[1, 32])
    return parser.parse_args(arguments)


def main(arguments=None):
    """Print the tables."""
    options = parse(arguments)
    found = compare(options.rounds, options.asks)
    here = {count: (clock, cpu) for count, kind, clock, cpu in found if kind == KINDS[0]}
    lines = ["| asks at once | where | ms per ask, clock | ms per ask, processors | isolated : here |"]
    lines += ["|--:|---|--:|--:|--:|"]
    for count, kind, clock, cpu in found:
        ratio = f"{clock / here[count][0]:.2f}, {cpu / here[count][1]:.2f}" if kind != KINDS[0] else ""
        lines.append(f"| {count} | {kind} | {clock * 1000:.1f} | {cpu * 1000:.1f} | {ratio} |")
    lines += [f"{kind}: {opening(kind)}" for kind in KINDS]
    sys.stdout.write("\n".join(lines) + "\n")
    return found


if __name__ == "__main__":
    main()
