"""What a row costs in the runner when the model answers at once: CPU and wall time, against a bare loop.

    python -m tests.benchmarks.runner_overhead --rows 20000

The bare loop does what has to be done in any case: the picture normalized, the backend asked, the reply read. The
runner adds threads, order, equal rows, events, and with a store keys, look-ups and durable rows. Each line is a run of
its own; CPU is that of all threads. Without pictures nothing but the runner is left.
"""

import argparse
import hashlib
import sys
import tempfile
import time
from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path

from PIL import Image

from vlmkit.backends import Abilities
from vlmkit.prompts import compose_description
from vlmkit.records import Ask, Reply, one_question
from vlmkit.runner import Question, make_plan, run, target_of
from vlmkit.sources import normalize, refer
from vlmkit.store import open_store

WORKERS = 8


class Instant:
    """Answers within `submit`."""

    model, revision = "fake:instant", "1"
    abilities = Abilities(parallel_asks=WORKERS)

    def __init__(self):
        self.asked = 0

    def submit(self, ask):
        self.asked += 1
        future = Future()
        future.set_result(Reply(text=f"answer {ask.prompt}", finish_reason="stop", model=self.model, revision="1"))
        return future


def questions_of(folder, count, *, pictures):
    """Rows with a small picture each, or with none."""
    task = compose_description("?", into="text")
    for index in range(count):
        path = folder / f"{index}.jpg"
        yield Question(task=task, images=(refer(str(path)),) if pictures else (), prompt=str(index))


def bare(questions, backend, task):
    """What cannot be left out."""
    for question in questions:
        pictures = tuple(normalize(ref, backend.abilities.longest_side_px) for ref in question.images)
        task.read(backend.submit(Ask(messages=one_question(question.prompt, pictures))).result())


def exhaust(outcomes):
    """Take them all, and keep none."""
    for _ in outcomes:
        pass


def timed(work, *arguments):
    """Wall and CPU seconds."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    work(*arguments)
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


def measure(folder, count):
    """(Wall, CPU) seconds by name, and how many rows the last run asked."""
    task, found = compose_description("?", into="text"), {}
    for pictures in (False, True):
        kind = "small picture" if pictures else "no picture"
        path = folder / f"{kind}.sqlite"
        questions = questions_of(folder, count, pictures=pictures)
        found[f"{kind}, bare loop"] = timed(bare, questions, Instant(), task)
        for name, where in (("runner", None), ("runner and store", path), ("runner, stored", path)):
            backend = Instant()
            plan = make_plan([task], [target_of(backend)])
            with open_store(where) if where else nullcontext() as store:
                questions = questions_of(folder, count, pictures=pictures)
                found[f"{kind}, {name}"] = timed(exhaust, run(questions, plan, total=count, store=store))
            assert backend.asked == (0 if name == "runner, stored" else count)
    return found


def report(found, count):
    """Lines of a Markdown table."""
    yield f"| {count:,} rows | µs wall a row | µs CPU a row | µs CPU over the bare loop |"
    yield "|---|--:|--:|--:|"
    for name, (wall_s, cpu_s) in found.items():
        base_s = found[f"{name.partition(',')[0]}, bare loop"][1]
        scale = 1e6 / count
        yield f"| {name} | {wall_s * scale:.0f} | {cpu_s * scale:.0f} | {(cpu_s - base_s) * scale:.0f} |"


def main(arguments):
    """Measure and print; gives what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000)
    count = parser.parse_args(arguments).rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # As many as rows: what was once seen of a picture, the store need not learn again.
        for index in range(count):
            pixels = hashlib.shake_128(b"%d" % index).digest(12)
            Image.frombytes("RGB", (2, 2), pixels).resize((64, 48)).save(folder / f"{index}.jpg")
        time.sleep(2.1)  # until then a file may still change without a trace, and is not known by its times
        found = measure(folder, count)
    sys.stdout.write("\n".join(report(found, count)) + "\n")
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
