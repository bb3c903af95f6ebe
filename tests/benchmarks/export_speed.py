"""Exports of many rows: seconds, memory over what the table itself takes, and the files; each in its own process.

    python -m tests.benchmarks.export_speed --rows 100000

The pictures are drawn scenes over and over, each file with a comment of its own, so that no two have the same bytes:
Parquet would keep equal ones once. imagefolder, Parquet and WebDataset copy their bytes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FORMATS = {
    "imagefolder": "set",
    "parquet": "set.parquet",
    "sidecars": "photos",
    "kohya": "set.json",
    "coco": "set.json",
    "webdataset": "set",
    "llava": "set.json",
    "messages": "set.jsonl",
    "label_studio": "set.json",
    "xmp": "photos",
    "jsonl": "set.jsonl",
    "csv": "set.csv",
}
ONE = """
import json, resource, sys, time
import pandas as pd
from vlmkit import exporters

def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

name, folder, target, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
paths = [f"{folder}/photos/{i // 1000:03}/{i:06}.jpg" for i in range(count)]
text = "A red circle on a white background, with a small blue square to its left and a green triangle below. " * 2
frame = pd.DataFrame({
    "path": pd.array(paths, dtype="string"),
    "caption": pd.array([f"{text}{i}" for i in range(count)], dtype="string"),
    "caption_error": pd.array([None] * count, dtype="string"),
})
write = getattr(exporters, f"to_{name}")
before, start, cpu = peak_bytes(), time.perf_counter(), time.process_time()
account = write(frame, f"{folder}/{target}", card=False)
seconds, cpu_s = time.perf_counter() - start, time.process_time() - cpu
print(json.dumps({
    "rows": int((account["action"] == "create").sum()), "seconds": seconds, "cpu_s": cpu_s,
    "added_bytes": peak_bytes() - before,
}))
"""


def make_photos(folder, rows):
    """Copies of the scenes, each of other bytes, a thousand to a folder."""
    scenes = [scene.read_bytes() for scene in sorted((ROOT / "datasets" / "scenes").glob("*.jp*g"))]
    for index in range(rows):
        target = folder / "photos" / f"{index // 1000:03}" / f"{index:06}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(commented(scenes[index % len(scenes)], f"{index:06}"))


def commented(jpeg, comment):
    """A JPEG with a comment segment behind its first marker (ITU-T T.81, B.2.4.5)."""
    text = comment.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + jpeg[2:]


def measure(name, rows, directory):
    """Figures of one export."""
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        make_photos(Path(folder), rows)
        command = [sys.executable, "-c", ONE, name, folder, FORMATS[name], str(rows)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)


def report(figures):
    """Lines of a Markdown table."""
    yield "| format | rows | seconds | CPU s | rows a second | MB added |"
    yield "| --- | --: | --: | --: | --: | --: |"
    for name, each in figures.items():
        rate = each["rows"] / each["seconds"]
        columns = (f"{each['rows']:,}", f"{each['seconds']:.1f}", f"{each['cpu_s']:.1f}", f"{rate:,.0f}")
        yield f"| {name} | {' | '.join(columns)} | {each['added_bytes'] / 1e6:.0f} |"


def main(arguments=None):
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--formats", nargs="*", default=list(FORMATS), choices=list(FORMATS))
    parser.add_argument("--directory", default=None, help="where files are made; default the system's")
    given = parser.parse_args(arguments)
    figures = {name: measure(name, given.rows, given.directory) for name in given.formats}
    sys.stdout.write("\n".join(report(figures)) + "\n")
    return figures


if __name__ == "__main__":
    main()
