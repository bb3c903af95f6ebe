"""The store: durable writes and lookups beside bare SQLite, bytes a row; and a second run over rows it knows.

    python -m tests.benchmarks.store_speed --rows 100000

Bare SQLite is one table of key and text, written with the same promise (each commit is on the disk when it returns) and
read by its key: what the file system and the library cost without anything of ours. The second run is `vk.describe` of
a Series of paths in a process of its own; the first one asks a fake backend that answers at once.
"""

import argparse
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from PIL import Image

from vlmkit.records import Reply, Sampling, Usage
from vlmkit.store import PictureRecord, RowRecord, RunRecord, key_of, open_store

ROOT = Path(__file__).parents[2]
PROMPT = "Describe this image in detail: what it shows, where things are, their colors, and any text."
TEXT = "A red circle on a white background, with a small blue square to its left and a green triangle below. " * 2
MODEL = {"model": "mlx:mlx-community/SmolVLM2-2.2B-Instruct-4bit", "revision": "0123456789abcdef" * 2}
BATCHES = (1, 32, 512)


def make_rows(count):
    """Rows as a run over a folder of photos hands them in."""
    for index in range(count):
        digest = hashlib.blake2b(b"%d" % index, digest_size=16).hexdigest()
        path = f"/home/someone/Pictures/2024 holiday/IMG_{index:06}.jpg"
        identities = (
            f"1:1568:{path}:2345678:1700000000{index:09}:1700000000{index:09}:{index}:64768",
            f"1:1568:{digest}",
        )
        yield RowRecord(
            index=index,
            label=path,
            prompt=PROMPT,
            key=key_of(**MODEL, digests=[digest], prompt=PROMPT, system=None, sampling=Sampling()),
            pictures=(
                PictureRecord(identities=identities, digest=digest, media_type="image/jpeg", width=1568, height=1176),
            ),
            reply=Reply(
                text=f"{TEXT}{index}",
                finish_reason="stop",
                usage=Usage(prompt_tokens=1200, completion_tokens=48),
                seconds=0.5,
                **MODEL,
            ),
            seconds=0.6,
        )


def batches_of(rows, size):
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def timed(work):
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


def write_ours(path, rows, size):
    """Seconds to store rows, in durable transactions of this size."""
    with open_store(path) as store:
        run = store.begin(RunRecord(**MODEL, total=len(rows)))
        return timed(lambda: [store.record(run, batch) for batch in batches_of(rows, size)])


def write_bare(path, rows, size):
    """The same with a bare table."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")

        def work():
            for batch in batches_of(rows, size):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(
                    "INSERT INTO answers VALUES (?, ?)", [(row.key, row.reply.text) for row in batch]
                )
                connection.execute("COMMIT")

        return timed(work)


def look_up_ours(path, rows, threads):
    """Seconds to find each picture's digest and each answer, shared among threads."""
    with open_store(path) as store:

        def work(part):
            for row in part:
                assert store.picture_digest(row.pictures[0].identities[0]) == row.pictures[0].digest
                assert store.reply(row.key).text == row.reply.text

        workers = [threading.Thread(target=work, args=(rows[number::threads],)) for number in range(threads)]
        return timed(lambda: [[worker.start() for worker in workers], [worker.join() for worker in workers]])


def look_up_bare(path, rows):
    """Seconds to find each answer in a bare table."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT text FROM answers WHERE key = ?"
        return timed(lambda: [connection.execute(query, (row.key,)).fetchone() for row in rows])


def measure_store(folder, count):
    """Rows a second of each kind of work, and bytes a row."""
    rows, found = list(make_rows(count)), {}
    for size in BATCHES:
        some = rows[: max(size, count // (8 if size == 1 else 1))]
        ours, bare = folder / f"ours{size}.sqlite", folder / f"bare{size}.sqlite"
        found[f"written, {size} a commit"] = (
            len(some) / write_ours(ours, some, size),
            len(some) / write_bare(bare, some, size),
        )
    ours, bare = folder / f"ours{BATCHES[-1]}.sqlite", folder / f"bare{BATCHES[-1]}.sqlite"
    floor = count / look_up_bare(bare, rows)
    for threads in (1, 4):
        found[f"looked up, {threads} threads"] = count / look_up_ours(ours, rows, threads), floor
    return found, (ours.stat().st_size / count, bare.stat().st_size / count)


def draw_pictures(folder, count):
    """Small JPEG files, each of another picture."""
    for index in range(count):
        pixels = hashlib.shake_128(b"%d" % index).digest(12)
        Image.frombytes("RGB", (2, 2), pixels).resize((16, 16)).save(folder / f"{index:06}.jpg", quality=90)


DESCRIBE = """
import json, resource, sys, time
from pathlib import Path
start_s, start_cpu_s = time.perf_counter(), time.process_time()
import pandas as pd
import vlmkit as vk
paths = pd.Series([str(path) for path in sorted(Path(sys.argv[1]).iterdir())])
vk.describe(paths[:1], model="fake:echo", store=False)  # opens all rooms
unit = 1 if sys.platform == "darwin" else 1024
before_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
answers = vk.describe(paths, model="fake:echo", store=sys.argv[2])
end_s, end_cpu_s = time.perf_counter(), time.process_time()
assert answers.notna().all() and len(answers) == len(paths)
print(json.dumps({
    "seconds": end_s - begin_s, "cpu_s": end_cpu_s - begin_cpu_s, "start_s": begin_s - start_s,
    "before_bytes": before_bytes, "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
    "answers": hash(tuple(answers)),
}))
"""


def describe(pictures, store):
    """Describe a folder in a process of its own: seconds and peak memory."""
    command = [sys.executable, "-c", DESCRIBE, pictures, store]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def measure_runs(folder, count):
    """First run, which asks; second run, which only looks up; what each took."""
    pictures = folder / "pictures"
    pictures.mkdir()
    draw_pictures(pictures, count)
    found = {name: describe(pictures, folder / "runs.sqlite") for name in ("first", "second")}
    with open_store(folder / "runs.sqlite") as store:
        found["first"]["from_store"], found["second"]["from_store"] = (run["from_store"] for run in store.runs())
    return found, (folder / "runs.sqlite").stat().st_size / count


def report(store, size_bytes, runs, run_bytes, count):
    """Lines of the tables."""
    yield f"| {count:,} rows | vlmkit, rows/s | bare SQLite, rows/s | ratio |"
    yield "| --- | ---: | ---: | ---: |"
    for name, (ours, bare) in store.items():
        yield f"| {name} | {ours:,.0f} | {bare:,.0f} | {ours / bare:.2f} |"
    yield f"| bytes a row | {size_bytes[0]:.0f} | {size_bytes[1]:.0f} | {size_bytes[0] / size_bytes[1]:.2f} |"
    yield ""
    yield f"| {count:,} pictures | seconds | CPU seconds | µs a row | peak MB | above start MB | from the store |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, run in runs.items():
        peak, grown = run["peak_bytes"] / 1e6, (run["peak_bytes"] - run["before_bytes"]) / 1e6
        each_us = 1e6 * run["seconds"] / count
        numbers = f"{run['seconds']:.1f} | {run['cpu_s']:.1f} | {each_us:.0f} | {peak:.0f} | {grown:.0f}"
        yield f"| {name} run | {numbers} | {run['from_store']} |"
    yield f"\nThe file after both runs: {run_bytes:.0f} bytes a picture."


def main(arguments=None):
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--directory", help="Where files are written: the disk that is measured.")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        store, size_bytes = measure_store(Path(name), options.rows)
        runs, run_bytes = measure_runs(Path(name), options.rows)
    sys.stdout.write("\n".join(report(store, size_bytes, runs, run_bytes, options.rows)) + "\n")
    return store, runs


if __name__ == "__main__":
    main()
