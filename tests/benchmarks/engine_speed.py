"""Seconds per picture: plain mlx_vlm, our engine one by one and in batches, PyTorch; in turn, in one table.

    python -m tests.benchmarks.engine_speed --rounds 3 --torch-python ENVIRONMENT/bin/python

The default shape is SmolVLM-256M's with random weights: a 512 px picture, 64 tokens. Plain mlx_vlm takes minutes for
one picture on a CPU, so it gets rounds of its own number. PyTorch is left out where no interpreter with it is named.

Every round and every batch has pictures that no side has seen before, the same ones for all sides, because our engine
remembers what it has looked at. A picture that it is asked about again is a row of its own.
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
SEEN = "vlmkit, a picture seen before"


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
        """Answer about pictures, by number, all at once; seconds for all, and the tokens of each."""
        self._process.stdin.write(json.dumps([list(pictures), tokens]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

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
    """Write the checkpoint, in a process that ends."""
    code = (
        "import sys; from pathlib import Path; from tests.benchmarks.shapes import write;"
        "write(sys.argv[2], Path(sys.argv[1]))"
    )
    _run(["-c", code, directory, shape])


def make_inputs(directory, shape, count):
    """Write what the processor makes of so many pictures, for the side that has none of ours."""
    _run(["-m", "tests.benchmarks.contestants", "inputs", directory, shape, str(count)])


def _run(command):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True)


def pictures_of_a_round(batches):
    """How many pictures a round needs."""
    return sum((1, *batches))


def rows(batches, first, *, with_torch):
    """What a round measures: label, side, numbers of the pictures asked about at once.

    Parameters
    ----------
    batches : list of int
    first : int
        Number of the round's first picture.
    with_torch : bool
    """
    yield "mlx_vlm.generate", "stock", range(first, first + 1)
    for count in (1, *batches):
        pictures = range(first, first + count)
        yield f"vlmkit, {count} at once" if count > 1 else "vlmkit, one picture", "engine", pictures
        if count == 1:
            yield SEEN, "engine", pictures
        if with_torch:
            yield f"PyTorch fp32, {count} at once" if count > 1 else "PyTorch fp32, one picture", "torch", pictures
        first += count


def measure(options, directory):
    """Seconds per picture of every round, and the tokens of each picture by its number; both by label."""
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
        first = number * pictures_of_a_round(options.batches)
        for label, side, pictures in rows(options.batches, first, with_torch="torch" in sides):
            if side == "stock" and number >= options.stock_rounds:
                continue
            result = sides[side].round(pictures, options.tokens)
            each_s = result["seconds"] / len(pictures)
            seconds.setdefault(label, []).append(each_s)
            tokens.setdefault(label, {}).update(zip(pictures, result["tokens"], strict=True))
            sys.stderr.write(f"round {number + 1}  {label:32} {each_s:8.2f} s per picture\n")
    for side in sides.values():
        side.close()
    return seconds, tokens


def agreement(written, reference, count):
    """In how many of the pictures that both were asked about the first tokens are the same, as text."""
    both = [picture for picture in written if picture in reference]
    agree = sum(written[picture][:count] == reference[picture][:count] for picture in both)
    return f"{agree} of {len(both)}" if both else ""


def table(seconds, tokens):
    """Markdown: median seconds per picture, how it compares, and how often the tokens are those of PyTorch.

    Parameters
    ----------
    seconds : dict of str to list of float
        Of each round, by label.
    tokens : dict of str to dict of int to list of int
        Token numbers of each picture, by label.
    """
    medians = {label: statistics.median(values) for label, values in seconds.items()}
    stock = medians["mlx_vlm.generate"]
    torch_wrote = {
        number: each for label in tokens if label.startswith("PyTorch") for number, each in tokens[label].items()
    }
    lines = [
        "| | s per picture | range | × mlx_vlm.generate | time against PyTorch | first token as PyTorch's | first 20 |",
        "|---|---|---|---|---|---|---|",
    ]
    for label, median in medians.items():
        torch = medians.get(label.replace("vlmkit", "PyTorch fp32")) if label.startswith("vlmkit") else None
        against = f"{median / torch:.2f}" if torch else ""
        spread = f"{min(seconds[label]):.2f} to {max(seconds[label]):.2f}"
        same = ["", ""] if label.startswith("PyTorch") else [agreement(tokens[label], torch_wrote, n) for n in (1, 20)]
        lines.append(f"| {label} | {median:.2f} | {spread} | {stock / median:.1f} | {against} | {' | '.join(same)} |")
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
        if not Path(directory, "config.json").exists():
            make_checkpoint(directory, options.shape)
        if options.torch_python:
            make_inputs(directory, options.shape, options.rounds * pictures_of_a_round(options.batches))
        seconds, tokens = measure(options, directory)
    sys.stdout.write(table(seconds, tokens) + "\n")
    return seconds, tokens


if __name__ == "__main__":
    main()
