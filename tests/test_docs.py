"""What a reader reads is there, and what a reader can copy runs."""

import ast
import doctest
import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import consented
import pytest
from package_tree import FUNCTIONS, MODULES, ROOT, TESTS

from vlmkit import settings

README = ROOT / "README.md"
FENCE = re.compile(r"(?:<!-- not run: (?P<reason>.+?) -->\n)?```(?P<kind>\w+)\n(?P<code>.*?)```", re.DOTALL)
MACHINE_PATH = re.compile(r"/(?:tmp|work|root)/\w")
# What the base install does not bring by way of another package.
EXTRAS = {
    "agent": ("mcp",),
    "evaluation": ("matplotlib", "psutil", "sacrebleu"),
    "server": ("prometheus_client",),  # mlx-vlm brings the rest of it
}
TEXT_SUFFIXES = {".py", ".md", ".toml", ".ipynb", ".json", ".jsonl", ".js", ".css"}


def own_statements(function):
    """Statements of a function without those of functions inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            yield child
            yield from own_statements(child)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_public_definitions_have_docstrings(module):
    """Module, public classes, functions and methods; with Raises where the body raises."""
    assert ast.get_docstring(module.tree), f"{module.name} begins with its idea"
    for name, node, public in module.definitions():
        if public:
            where = f"{module.name}.{name}, line {node.lineno}"
            text = ast.get_docstring(node)
            assert text, f"{where}: no docstring"
            raises = any(isinstance(child, ast.Raise) and child.exc for child in own_statements(node))
            if isinstance(node, FUNCTIONS) and raises:
                assert "Raises" in text, f"{where}: raises, and its docstring does not say what"


@pytest.mark.parametrize("path", sorted(TESTS.rglob("test_*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_tests_say_what_they_prove(path):
    """Each test has a sentence."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, FUNCTIONS) and node.name.startswith("test_"):
            assert ast.get_docstring(node), f"{path.name}:{node.lineno}: {node.name} has no docstring"


@pytest.mark.parametrize(
    "module", [module for module in MODULES if ">>> " in module.source], ids=lambda module: module.name
)
def test_docstring_examples_run(module, tmp_path, monkeypatch):
    """Examples in docstrings give what they show."""
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(module.name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted
    assert not result.failed


def readme_blocks(*kinds):
    """Fenced blocks of these kinds, each with what its section says above it.

    One preceded by ``<!-- not run: reason -->`` is skipped with that reason.
    """
    text = README.read_text(encoding="utf-8") if README.exists() else ""
    for match in FENCE.finditer(text):
        if match["kind"] in kinds:
            line = text[: match.start("code")].count("\n") + 1
            marks = pytest.mark.skip(reason=match["reason"]) if match["reason"] else ()
            yield pytest.param(
                match["code"], text[: match.start()].rpartition("\n## ")[2], id=f"line {line}", marks=marks
            )


@pytest.fixture
def reader_folder(tmp_path):
    """A folder where a reader could stand: the data sets are there, and files may be written."""
    for name in ("datasets", "notebooks"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.mark.core_model
@pytest.mark.parametrize(("code", "above"), list(readme_blocks("python")))
def test_readme_python_runs(code, above, reader_folder):
    """Each Python block of the README runs by itself, with the base install and the extras named above it."""
    hidden = {
        library: None for extra, libraries in EXTRAS.items() if f"[{extra}]" not in above for library in libraries
    }
    hide = f"import sys; sys.modules.update({hidden})\n"
    done = subprocess.run(
        [sys.executable, "-c", hide + code], cwd=reader_folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.core_model
@pytest.mark.parametrize(("code", "above"), list(readme_blocks("console")))
def test_readme_commands_run(code, above, reader_folder):
    """Each line of a console block that begins with ``$ vlmkit`` ends well."""
    commands = [line[2:] for line in code.splitlines() if line.startswith("$ vlmkit")]
    assert commands, "a console block without a vlmkit command is to be marked as not run, with its reason"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for command in commands:
        done = subprocess.run(
            command, shell=True, cwd=reader_folder, env={**os.environ, "PATH": path},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_the_sample_of_settings_is_whole_and_right(tmp_path, monkeypatch):
    """Every entry that a file may have, with the default and the variable of each; it is read without complaint."""
    (sample,) = [param.values[0] for param in readme_blocks("toml") if "[vision]" in param.values[0]]
    consented.write(tmp_path, sample)
    monkeypatch.chdir(tmp_path)
    tables = tomllib.loads(sample)
    (host,) = tables.pop("hosts")
    assert settings.served_models() == tables["models"]
    (model,) = tables.pop("models").values()
    assert model.keys() == settings.NAMED_TABLES["models"].keys()
    assert settings.host(host).keys() == settings.HOST_ENTRIES.keys()
    written = {(table, key) for table, entries in tables.items() for key in entries}
    assert written == {(setting.table, setting.name) for setting in settings.SETTINGS.values()}
    for name, setting in settings.SETTINGS.items():
        found = settings.resolve(name)
        assert found.file == tmp_path / "vlmkit.toml"
        assert found.value == setting.default or name == "model", name
        assert setting.variable in sample, name


def test_readme_exists_and_shows_code():
    """There is a README with something to copy."""
    if not README.exists():
        pytest.skip("README.md is not written yet")
    assert list(readme_blocks("python"))
    assert list(readme_blocks("console"))


def test_no_machine_paths_in_the_product():
    """Nothing a user gets names a folder of the machine it was written on."""
    found = []
    for top in ("vlmkit", "notebooks", "datasets", "README.md", "pyproject.toml"):
        paths = [ROOT / top] if (ROOT / top).is_file() else (ROOT / top).rglob("*")
        for path in paths:
            if path.suffix in TEXT_SUFFIXES and path.stat().st_size < 1_000_000:
                lines = path.read_text(encoding="utf-8").splitlines()
                found += [f"{path}:{n}" for n, line in enumerate(lines, 1) if MACHINE_PATH.search(line)]
    assert found == []
