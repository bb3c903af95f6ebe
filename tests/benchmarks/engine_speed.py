"""Seconds per picture: plain mlx_vlm, our engine one by one and in batches, PyTorch; in turn, in one table.

    python -m tests.benchmarks.engine_speed --rounds 3 --torch-python ENVIRONMENT/bin/python

The default shape is SmolVLM-256M's with random weights: a 512 px picture, 64 tokens. Plain mlx_vlm takes minutes for
one picture on a CPU, so it gets rounds of its own number. PyTorch is left out where no interpreter with it is named.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.shapes import SHAPES

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class Contestant:
    """A process that answers rounds."""

    def __init__(self, command, environment):
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def round(self, pictures, tokens):
        """Answer about some pictures at once; seconds for all, and the tokens of each."""
        self._process.stdin.write(json.dumps([pictures, tokens]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self):
        self._process.stdin.close()
        self._process.wait()

    def _read(self):
        # Libraries print, too; a line of JSON is ours.
        for line in self._process.stdout:
            try:
                return json.loads(line)
            except ValueError:
                continue
        message = f"{self._process.args} ended without an answer"
        raise RuntimeError(message)


def make_checkpoint(directory, shape):
    """Write the checkpoint and the inputs for PyTorch, each in a process that ends."""
    code = (
        "import sys; from pathlib import Path; import mlx.core as mx; from tests.benchmarks.shapes import SHAPES;"
        "from tests.families.making import make; make(SHAPES[sys.argv[2]], Path(sys.argv[1]), dtype=mx.bfloat16)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    for command in (
        ["-c", code, directory, shape],
        ["-m", "tests.benchmarks.contestants", "inputs", directory, shape, "16"],
    ):
        subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True)


def rows(batches, *, with_torch):
    """What is measured: label, side, pictures at once."""
    yield "mlx_vlm.generate", "stock", 1
    for count in (1, *batches):
        yield f"vlmkit, {count} at once" if count > 1 else "vlmkit, one picture", "engine", count
        if with_torch:
            yield f"PyTorch fp32, {count} at once" if count > 1 else "PyTorch fp32, one picture", "torch", count


def measure(options, directory):
    """Seconds per picture of every round, and the tokens of the first picture, by label."""
    threads = {"VLMKIT_BLAS_THREADS": str(options.threads)}
    module = [sys.executable, "-m", "tests.benchmarks.contestants"]
    sides = {
        "stock": Contestant([*module, "stock", directory, options.shape], {}),
        "engine": Contestant([*module, "engine", directory, options.shape], threads),
    }
    if options.torch_python:
        torch = [options.torch_python, str(HERE / "torch_contestant.py"), directory, str(options.threads)]
        sides["torch"] = Contestant(torch, {})
    seconds, tokens = {}, {}
    for number in range(options.rounds):
        for label, side, count in rows(options.batches, with_torch="torch" in sides):
            if side == "stock" and number >= options.stock_rounds:
                continue
            result = sides[side].round(count, options.tokens)
            seconds.setdefault(label, []).append(result["seconds"] / count)
            tokens.setdefault(label, result["tokens"][0])
            sys.stderr.write(f"round {number + 1}  {label:28} {result['seconds'] / count:8.2f} s per picture\n")
    for side in sides.values():
        side.close()
    return seconds, tokens


def table(seconds):
    """Markdown: median seconds per picture, and how it compares."""
    medians = {label: statistics.median(values) for label, values in seconds.items()}
    stock = medians["mlx_vlm.generate"]
    lines = ["| | s per picture | range | × mlx_vlm.generate | time against PyTorch |", "|---|---|---|---|---|"]
    for label, median in medians.items():
        torch = medians.get(label.replace("vlmkit", "PyTorch fp32")) if label.startswith("vlmkit") else None
        against = f"{median / torch:.2f}" if torch else ""
        spread = f"{min(seconds[label]):.2f} to {max(seconds[label]):.2f}"
        lines.append(f"| {label} | {median:.2f} | {spread} | {stock / median:.1f} | {against} |")
    return "\n".join(lines)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="256m")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stock-rounds", type=int, default=1, help="rounds of plain mlx_vlm, minutes each")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--batches", type=int, nargs="*", default=[8, 16])
    parser.add_argument("--threads", type=int, default=1, help="of matrix products, for vlmkit and PyTorch alike")
    parser.add_argument("--torch-python", help="interpreter of an environment with torch and transformers")
    parser.add_argument("--directory", help="keep the checkpoint there, and use one that is there")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.directory or temporary
        if not Path(directory, "inputs.npz").exists():
            make_checkpoint(directory, options.shape)
        seconds, tokens = measure(options, directory)
    sys.stdout.write(table(seconds) + "\n")
    agree = sum(written[:8] == tokens["mlx_vlm.generate"][:8] for written in tokens.values())
    sys.stdout.write(f"\nThe first 8 tokens agree with mlx_vlm's in {agree} of {len(tokens)} rows.\n")
    return seconds, tokens


if __name__ == "__main__":
    main()
