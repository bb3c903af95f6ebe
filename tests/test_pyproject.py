"""The code and pyproject.toml agree."""

import itertools
import re
import tomllib

import pytest
from package_tree import MODULES, ROOT

from vlmkit.backends.registry import ENGINES

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BASE = {re.split(r"[^\w-]", line)[0]: line for line in PROJECT["project"]["dependencies"]}
LIBRARY_OF = {
    "pillow": "PIL",
    "pillow-heif": "pillow_heif",
    "mlx-vlm": "mlx_vlm",
    "typing-extensions": "typing_extensions",
}
# Opened by a room that is not here yet.
AHEAD = {"ipywidgets": "widgets", "anywidget": "widgets"}
ROOMS = {module.room for module in MODULES}


def imported_libraries():
    return {name.partition(".")[0] for module in MODULES for name, _ in module.imports()}


@pytest.mark.parametrize("name", sorted(BASE))
def test_every_dependency_is_used(name):
    """Nothing is installed that no room imports."""
    library = LIBRARY_OF.get(name, name)
    if library in AHEAD and library not in imported_libraries():
        pytest.skip(f"{name} is for the room {AHEAD[library]}, which does not import it yet")
    assert library in imported_libraries()


def test_every_dependency_has_a_floor():
    """Each requirement says from which version on it was tried; extras of our own need none."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    lines = [*BASE.values(), *itertools.chain.from_iterable(extras)]
    assert [line for line in lines if ">=" not in line and not line.startswith("vlmkit[")] == []


def test_all_covers_every_extra_that_fits_every_machine():
    """``vlmkit[all]`` brings what the single extras bring, but for a GPU's: its mlx fails where there is none."""
    extras = PROJECT["project"]["optional-dependencies"]
    (line,) = extras["all"]
    assert set(re.fullmatch(r"vlmkit\[(.*)\]", line)[1].split(",")) == set(extras) - {"all", "cuda"}


def test_mlx_for_gpus_is_in_no_other_extra():
    """Neither by its name nor by that of the extra."""
    extras = PROJECT["project"]["optional-dependencies"]
    lines = [*BASE.values(), *itertools.chain.from_iterable(extras[name] for name in extras if name != "cuda")]
    assert [line for line in lines if "cuda" in line] == []


def test_mlx_comes_with_a_device_on_every_platform():
    """One line for macOS, one for Linux with the CPU device, in the same range."""
    lines = [line for line in PROJECT["project"]["dependencies"] if re.match(r"mlx(\[|>)", line)]
    assert [line.partition(";")[2].strip() for line in lines] == ["sys_platform == 'darwin'", "sys_platform == 'linux'"]
    assert lines[1].startswith("mlx[cpu]")
    assert len({re.search(r">=[^;]+", line)[0] for line in lines}) == 1


def test_built_in_engines_need_no_extra():
    """Engines of ours live in the package and stand on the base install."""
    assert all(dotted.startswith("vlmkit.") for dotted in ENGINES.built_in)
    assert all(engine.opener.startswith("vlmkit.") for engine in ENGINES.own())


def test_the_command_exists():
    """The installed script leads to a function."""
    assert PROJECT["project"]["scripts"] == {"vlmkit": "vlmkit.cli.entry:main"}
