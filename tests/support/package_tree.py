"""The package as source: its modules, their imports, functions and docstrings, read without importing anything."""

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "vlmkit"
TESTS = ROOT / "tests"

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    path: Path

    @property
    def name(self):
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def is_package(self):
        return self.path.name == "__init__.py"

    @property
    def room(self):
        """``sources``, ``settings``, …; empty for the package root itself."""
        return self.name.partition(".")[2].partition(".")[0]

    @cached_property
    def source(self):
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self):
        return ast.parse(self.source, self.path)

    def imports(self):
        """Absolute names of everything imported anywhere in the module: ``vlmkit.records.Ask``, ``pandas``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}:{node.lineno}: import siblings by their full path"
                yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)

    def imported_at_once(self):
        """As `imports`, but only what comes with the module itself: not inside a function, not for types alone."""

        def visit(node):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                    yield from visit(ast.Module(child.orelse, []))
                elif not isinstance(child, (*FUNCTIONS, ast.Lambda)):
                    yield child
                    yield from visit(child)

        at_once = set(map(id, visit(self.tree)))
        yield from ((name, node) for name, node in self.imports() if id(node) in at_once)

    def functions(self):
        """Every function and method with its qualified name."""
        yield from ((name, node) for name, node, _ in self.definitions() if isinstance(node, FUNCTIONS))

    def definitions(self):
        """(qualified name, node, whether a reader may use it) of each class, function and method, nested ones too."""

        def visit(node, prefix, public, inside_function):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
                    # Signatures of one function are not documented one by one.
                    is_overload = any(isinstance(by, ast.Name) and by.id == "overload" for by in child.decorator_list)
                    shown = public and not inside_function and not child.name.startswith("_") and not is_overload
                    yield f"{prefix}{child.name}", child, shown
                    inside = inside_function or isinstance(child, FUNCTIONS)
                    yield from visit(child, f"{prefix}{child.name}.", shown, inside)
                else:
                    yield from visit(child, prefix, public, inside_function)

        private = any(part.startswith("_") for part in self.name.split("."))
        yield from visit(self.tree, "", not private, False)


MODULES = [Module(path) for path in sorted(PACKAGE.rglob("*.py"))]
PACKAGES = [module for module in MODULES if module.is_package]
BY_NAME = {module.name: module for module in MODULES}


def module_of(imported):
    """The module of ours that an imported name lives in; None for a stranger's."""
    while imported:
        if imported in BY_NAME:
            return BY_NAME[imported]
        imported = imported.rpartition(".")[0]
    return None


def longest_chain(modules=MODULES):
    """Names of the modules in the longest line of imports, each of which is imported with the one before it.

    A name of a lazy package is looked up when it is first used, so that the line ends at the package.
    """
    needs = {
        module.name: {target.name for imported, _ in module.imported_at_once() if (target := module_of(imported))}
        for module in modules
    }

    @cache
    def chain(name):
        below = [chain(needed) for needed in sorted(needs.get(name, set()) - {name})]
        return (name, *max(below, key=len, default=()))

    return max(map(chain, sorted(needs)), key=len)


def deep_imports():
    """By room, the modules inside other rooms that it imports: names of a room stand in its ``__init__``."""
    rooms = {package.name for package in PACKAGES if package.name.count(".") == 1}
    found = {}
    for module in MODULES:
        for imported, _ in module.imports():
            target = module_of(imported)
            if target and module.room and f"vlmkit.{target.room}" in rooms - {target.name, f"vlmkit.{module.room}"}:
                found.setdefault(module.room, set()).add(target.name.removeprefix("vlmkit."))
    return found


def public_names():
    """By name, the rooms that offer it in a module's ``__all__``; commands and programs all have a `main`."""
    found = {}
    for module in MODULES:
        handed_on = {imported.rpartition(".")[2] for imported, _ in module.imports()} | {"main"}
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" and not module.is_package:
                for name in set(ast.literal_eval(node.value)) - handed_on:
                    found.setdefault(name, set()).add(module.room)
    return found


def first_difference(found, expected):
    """What is too much and what is missing, as one readable text; empty where both are equal."""
    found, expected = set(found), set(expected)
    return "; ".join(
        [f"unexpected: {name}" for name in sorted(found - expected)]
        + [f"missing: {name}" for name in sorted(expected - found)]
    )
