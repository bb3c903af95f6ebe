"""Figures of the house: its size, how deep it is, what one picture passes, and what a new thing of a kind touches.

    python -m tests.house
    python -m tests.house --still       without the two runs that follow a picture

Comparable between two trees only by one version of this file; beside it, it needs `support/package_tree.py` and
`support/scripted_server.py`.
"""

import argparse
import ast
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

SUPPORT = Path(__file__).parent / "support"
sys.path.insert(0, str(SUPPORT))

from package_tree import FUNCTIONS, MODULES, PACKAGE, ROOT, longest_chain  # noqa: E402  found only now

LONG_LINES = 250
LEAST_DUPLICATE_LINES = 6
# One of each kind that does nothing special, so that the files which name it are those that a new one touches.
EXAMPLES = {"host": "vllm", "export format": "kohya", "command": "doctor"}

# The first call imports what is needed and gives its model back; the second is followed, on all threads.
FOLLOW = """
import sys, threading
sys.path.insert(0, {support!r})
import vlmkit as vk
from scripted_server import ScriptedServer, chat

passed = set()
FUNCTION = 1  # a class body is not a function

def note(frame, event, _argument):
    code = frame.f_code
    if event == "call" and code.co_filename.startswith({package!r}) and code.co_flags & FUNCTION:
        passed.add((code.co_filename, code.co_qualname))

vk.use(keep_loaded=False)
with ScriptedServer([chat()]) as server:
    model = "tiny" if {engine!r} == "tiny" else f"openai:m@{{server.url}}"
    vk.describe({pictures!r}, model=model, store=False, progress=False)
    threading.setprofile(note)
    sys.setprofile(note)
    found = vk.describe({pictures!r}, model=model, store=False, progress=False)
    sys.setprofile(None)
    threading.setprofile(None)
assert found["description"].notna().all(), found.to_string()
named = [name.rpartition(".")[2] for _, name in passed]
print(len({{file for file, _ in passed}}), sum(not name.startswith("<") for name in named))
"""


def one_picture(engine):
    """Files and functions of the package that the description of one picture passes, in a process of its own."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        Image.new("RGB", (64, 48), "teal").save(Path(folder) / "one.png")
        code = FOLLOW.format(support=str(SUPPORT), package=str(PACKAGE), engine=engine, pictures=folder)
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    files, functions = done.stdout.split()[-2:]
    return f"{files} files, {functions} functions"


def named_in(word):
    """Modules of the package whose code, not its prose, names something."""

    def names(tree):
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                yield from node.value.replace(".", " ").replace(":", " ").replace("_", " ").split()
            elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.alias)):
                yield from node.name.replace(".", " ").replace("_", " ").split()

    return [module.name for module in MODULES if word in names(module.tree)]


def duplicates():
    """Pairs of functions with the same shape, whatever they call things, of at least six lines without docstring."""

    def shape(function):
        body = function.body[1:] if ast.get_docstring(function, clean=False) else function.body
        if not body or body[-1].end_lineno - body[0].lineno + 1 < LEAST_DUPLICATE_LINES:
            return None
        return tuple(
            type(node).__name__
            for part in body
            for node in ast.walk(part)
            if not isinstance(node, (ast.Load, ast.Store, ast.expr_context))
        )

    shapes = Counter(found for module in MODULES for _, function in module.functions() if (found := shape(function)))
    return sum(count * (count - 1) // 2 for count in shapes.values())


def figures(*, still):
    """Name and value of each figure."""
    lengths = {module.name: len(module.source.splitlines()) for module in MODULES}
    chain = longest_chain()
    yield "modules", len(MODULES)
    yield "lines", sum(lengths.values())
    yield f"modules over {LONG_LINES} lines", sum(length > LONG_LINES for length in lengths.values())
    yield "longest module", " ".join(map(str, max(lengths.items(), key=lambda item: item[1])))
    yield "longest chain of imports", f"{len(chain)}: {' → '.join(chain)}"
    yield f"functions of one shape, from {LEAST_DUPLICATE_LINES} lines up, in pairs", duplicates()
    for kind, example in EXAMPLES.items():
        named = named_in(example)
        yield f"files that name one {kind} ({example})", f"{len(named)}: {', '.join(named)}"
    if not still:
        yield "one picture, tiny", one_picture("tiny")
        yield "one picture, HTTP", one_picture("http")


def main(arguments):
    """Print the figures as a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--still", action="store_true", help="run no model")
    for name, value in figures(still=parser.parse_args(arguments).still):
        sys.stdout.write(f"| {name} | {str(value).replace('vlmkit.', '')} |\n")


if __name__ == "__main__":
    main(sys.argv[1:])
