"""What constraints cost a token, and what further questions about a picture cost; both as ratios, in one process.

    python -m tests.benchmarks.questions_speed --shape 256m --rounds 3

The checkpoint has random weights, so that answers are as long as they may be: free text until the limit, JSON as long
as its schema asks for, questions four tokens each.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.engine_speed import make_checkpoint
from tests.benchmarks.shapes import SHAPES
from tests.families.drawing import picture
from vlmkit.engines.mlx import open_engine
from vlmkit.records import Ask, Constraint, Sampling, one_question

QUESTIONS = ("How many are there?", "What color is the background?", "Is it indoors?", "What stands in front?")
_DIGITS = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}}


def make_readable(directory):
    """Give a checkpoint a tokenizer whose tokens are bytes, as those of all but drawn-up models are."""
    file = Path(directory, "tokenizer.json")
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    tokenizer["decoder"] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    file.write_text(json.dumps(tokenizer), encoding="utf-8")


def digits(count):
    """A schema whose answers have so many numbers, whatever the model."""
    numbers = {**_DIGITS, "minItems": count, "maxItems": count}
    schema = {"type": "object", "properties": {"n": numbers}, "required": ["n"], "additionalProperties": False}
    return Constraint(kind="json_schema", text=json.dumps(schema))


def seconds_per_token(engine, constraint, rows, tokens):
    """Seconds of decoding for each token written, of a batch of rows."""
    before = engine.stats
    asks = [
        Ask(messages=one_question(f"Write {n}"), constraint=constraint, sampling=Sampling(max_tokens=tokens))
        for n in range(rows)
    ]
    for future in [engine.submit(ask) for ask in asks]:
        future.result()
    after = engine.stats
    return (after.decode_seconds - before.decode_seconds) / (after.completion_tokens - before.completion_tokens)


def seconds_per_picture(engine, questions, pictures):
    """Seconds for each picture, all questions together, four tokens each."""
    start_s = time.perf_counter()
    asks = [
        Ask(messages=one_question(question, (picture(number, size=(512, 384)),)), sampling=Sampling(max_tokens=4))
        for number in pictures
        for question in questions
    ]
    for future in [engine.submit(ask) for ask in asks]:
        future.result()
    return (time.perf_counter() - start_s) / len(pictures)


def measure(engine, *, rounds, rows, tokens, pictures):
    """Seconds of every round, by what was measured; rounds go in turn."""
    seconds = {"free": [], "constrained": [], "one question": [], "four questions": []}
    seen = 0
    for _ in range(rounds):
        seconds["free"].append(seconds_per_token(engine, None, rows, tokens))
        seconds["constrained"].append(seconds_per_token(engine, digits(tokens), rows, tokens))
        for name, questions in (("one question", QUESTIONS[:1]), ("four questions", QUESTIONS)):
            # Pictures that were never seen before, each time.
            seconds[name].append(seconds_per_picture(engine, questions, range(seen, seen + pictures)))
            seen += pictures
    return seconds


def report(seconds):
    """Medians and the two ratios, as lines."""
    median = {name: statistics.median(values) for name, values in seconds.items()}
    held, several = median["constrained"] / median["free"], median["four questions"] / median["one question"]
    return [
        f"free text: {median['free'] * 1e3:.2f} ms per row and token",
        f"constrained: {median['constrained'] * 1e3:.2f} ms, {held:.2f} of free",
        f"one question: {median['one question']:.2f} s per picture",
        f"four questions: {median['four questions']:.2f} s, {several:.2f} of one",
    ]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="256m")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=8, help="answers at once")
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--pictures", type=int, default=4)
    parser.add_argument("--directory", help="keep the checkpoint there, and use one that is there")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.directory or temporary
        if not Path(directory, "config.json").exists():
            make_checkpoint(directory, options.shape)
        make_readable(directory)
        with open_engine(directory) as engine:
            seconds_per_picture(engine, QUESTIONS, [10**6])  # the first time is checked, see `LookedAt`
            sizes = {"rows": options.rows, "tokens": options.tokens, "pictures": options.pictures}
            seconds = measure(engine, rounds=options.rounds, **sizes)
    sys.stdout.write("\n".join(report(seconds)) + "\n")
    return seconds


if __name__ == "__main__":
    main()
