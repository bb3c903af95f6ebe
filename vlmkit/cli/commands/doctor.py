"""`vlmkit doctor`: what is installed, on which device, how fast, and what to do."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import click

from vlmkit import settings
from vlmkit.backends import DEFAULT_ENGINE, ENGINES, find_models
from vlmkit.cli.options import format_option
from vlmkit.cli.output import terminal_width, to_stdout, write_lines
from vlmkit.cli.text import draw
from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters import EXPORT_FORMATS
from vlmkit.extras import open_by_name
from vlmkit.prompts import STYLES
from vlmkit.sources import SOURCES
from vlmkit.store import choose_store, open_store

__all__ = ["Checkup", "doctor", "examine"]

_PACKAGES = ("vlmkit", "mlx", "mlx-vlm", "transformers", "pandas", "pillow", "ipywidgets")


@dataclass(kw_only=True, slots=True)
class Checkup:
    """What was found.

    Attributes
    ----------
    versions : dict of str to (str or None)
        Package to installed version; Python and the platform too.
    compute : dict of str to object
        Device, BLAS library, its threads and speed in GFLOPS, and whether it is fast.
    models : dict of str to object
        The bundled model and how many downloaded ones there are.
    store : dict of str to object
        Where answers are kept, how large the file is, and how many runs it knows; empty where none is in use.
    plugins : dict of str to str
        What other packages bring, as ``"acme (vlmkit.backends)"``, to its package and whether it is used.
    settings : list of dict
        Name, value in force, and where it comes from.
    advice : list of str
        What to do to make things work, or faster; empty where nothing is.
    broken : bool
        Whether something keeps vlmkit from describing a picture.
    """

    versions: dict[str, str | None] = field(default_factory=dict)
    compute: dict[str, Any] = field(default_factory=dict)
    models: dict[str, Any] = field(default_factory=dict)
    store: dict[str, Any] = field(default_factory=dict)
    plugins: dict[str, str] = field(default_factory=dict)
    settings: list[dict[str, Any]] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    broken: bool = False

    def complain(self, advice: object) -> None:
        """Note something that does not work, and what to do."""
        self.advice.append(str(advice))
        self.broken = True


def examine() -> Checkup:
    """Look at everything; a part that fails is part of the answer."""
    checkup = Checkup()
    _examine_versions(checkup)
    _examine_compute(checkup)
    _examine_models(checkup)
    _examine_store(checkup)
    _examine_plugins(checkup)
    _examine_settings(checkup)
    return checkup


def _examine_versions(checkup: Checkup) -> None:
    checkup.versions["python"] = platform.python_version()
    checkup.versions["platform"] = platform.platform()
    for package in _PACKAGES:
        try:
            checkup.versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            checkup.versions[package] = None
            checkup.complain(f"{package} is not installed. Install it: pip install {package}")


def _examine_compute(checkup: Checkup) -> None:
    try:
        blas = open_by_name("vlmkit.engines.blas:report")()
    except SetupError as error:
        checkup.complain(error)
        return
    graphics = {"darwin": "gpu (Metal)", "linux": "gpu (CUDA)"}.get(sys.platform, "gpu")
    checkup.compute = {
        "device": "cpu" if blas.needed else graphics,
        "blas": blas.library,
        "threads": blas.threads,
        "gflops": blas.gflops,
        "fast": blas.fast,
    }
    if blas.right is False:
        checkup.complain(blas.advice)
    elif blas.advice:
        checkup.advice.append(blas.advice)


def _examine_models(checkup: Checkup) -> None:
    tiny, *downloaded = find_models(DEFAULT_ENGINE)
    checkup.models = {"tiny": tiny.error or "ready", "downloaded": len(downloaded)}
    if tiny.error:
        checkup.complain(tiny.error)


def _examine_store(checkup: Checkup) -> None:
    try:
        choice = choose_store()
        if choice is None:
            return
        checkup.store = {"path": str(choice.path), "size_bytes": None, "runs": 0}
        if choice.path.exists():
            with open_store(choice.path, writable=not choice.replay) as store:
                checkup.store |= {"size_bytes": choice.path.stat().st_size, "runs": len(store.runs())}
    except SetupError as error:
        checkup.complain(error)


def _examine_plugins(checkup: Checkup) -> None:
    for table in (ENGINES, EXPORT_FORMATS, SOURCES, STYLES):
        for plugin, problem in table.examine().items():
            state = "used" if problem is None else "not allowed" if isinstance(problem, BadSetting) else "broken"
            checkup.plugins[f"{plugin.name} ({table.group})"] = f"{plugin.package}: {state}"
            if state == "broken":
                checkup.advice.append(f"{table.group}: {problem}")


def _examine_settings(checkup: Checkup) -> None:
    for name in settings.SETTINGS:
        try:
            found = settings.resolve(name)
        except BadSetting as error:
            checkup.settings.append({"name": name, "value": None, "origin": "!"})
            if str(error) not in checkup.advice:
                checkup.complain(error)
        else:
            checkup.settings.append({"name": name, "value": found.value, "origin": found.origin})
    if not any(setting["value"] for setting in checkup.settings if setting["name"] == "model"):
        checkup.advice.append(
            "No model is named: each command needs --model, or set VISION_MODEL, or [vision] model in vlmkit.toml. "
            "To try things out: --model tiny."
        )


@click.command()
@format_option()
def doctor(form: str) -> int:
    """Examine this installation and say what to do; exit code 1 where something keeps vlmkit from working."""
    width = terminal_width()
    with to_stdout(for_programs=form == "json") as stream:
        checkup = examine()
        lines = [json.dumps(asdict(checkup), indent=2)] if form == "json" else _lines(checkup, width)
        write_lines(lines, stream)
    return int(checkup.broken)


def _lines(checkup: Checkup, width: int) -> Iterator[str]:
    names = ("versions", "compute", "models", "store", "plugins")
    parts = {name: getattr(checkup, name) for name in names if name != "plugins" or checkup.plugins}
    for title, facts in parts.items():
        yield from draw([title, ""], [(name, _shown(value)) for name, value in facts.items()], width)
        yield ""
    settings = [(row["name"], _shown(row["value"]), row["origin"]) for row in checkup.settings]
    yield from draw(["setting", "value", "where it comes from"], settings, width)
    yield ""
    advice = [(str(number), text) for number, text in enumerate(checkup.advice, 1)]
    yield from draw(["", "what to do"], advice or [("", "Nothing.")], width)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)
