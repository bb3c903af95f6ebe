"""A fuzzer led by what of vlmkit its inputs reach, by atheris, which is not a part of the development environment.

    pip install atheris            # Linux and macOS, CPython 3.11 to 3.13
    python -m tests.fuzz.guided replies corpus/ -max_total_time=600

Inputs that reach something new are kept in the folder, those that fail in the working directory; what stands behind the
name goes to libFuzzer (https://llvm.org/docs/LibFuzzer.html).
"""

import importlib
import random
import sys
import warnings
from pathlib import Path

_SEEDS = 200


def main() -> None:
    """Run one fuzzer for as long as the options say."""
    import atheris

    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["vlmkit"]):
        fuzzer = importlib.import_module(f"tests.fuzz.{name}").FUZZER
    corpus = next((Path(option) for option in options if not option.startswith("-")), None)
    if corpus is not None:
        corpus.mkdir(parents=True, exist_ok=True)
        draw = random.Random(0)
        for number in range(_SEEDS):
            (corpus / f"seed-{number}").write_bytes(fuzzer.make(draw))
    warnings.simplefilter("ignore")
    atheris.Setup([sys.argv[0], *options], fuzzer.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
