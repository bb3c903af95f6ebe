"""The checkup finds what is there, and says what to do about what is not."""

import importlib.metadata
import json
from dataclasses import asdict

import pytest

from vlmkit import settings
from vlmkit.backends.discovery import FoundModel
from vlmkit.cli import checkup
from vlmkit.engines.blas import BlasReport
from vlmkit.store import RunRecord, open_store


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A working installation on a fast CPU, in an empty folder; parts can be replaced."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vlmkit.engines.blas.report", lambda: BlasReport(needed=True, library="libx", gflops=60.0))
    found = [FoundModel(engine="mlx", name="tiny", source="bundled")]
    monkeypatch.setattr("vlmkit.cli.checkup.find_models", lambda _engine: found)
    settings.use(model="tiny")
    return monkeypatch


def test_a_healthy_installation_needs_nothing():
    """Everything is named, nothing is to be done, and it can be written as JSON."""
    found = checkup.examine()
    assert found.advice == []
    assert not found.broken
    assert found.versions["vlmkit"] == importlib.metadata.version("vlmkit")
    assert found.compute["device"] == "cpu"
    assert [row["name"] for row in found.settings] == list(settings.SETTINGS)
    json.dumps(asdict(found))


def test_the_store_is_looked_at(store):
    """Where it is and what it holds; before the first run nothing, and no file is made."""
    assert checkup.examine().store == {"path": str(store), "size_bytes": None, "runs": 0}
    assert not store.exists()
    with open_store(store) as opened:
        opened.begin(RunRecord(model="mlx:tiny", total=0))
    found = checkup.examine().store
    assert (found["runs"], found["size_bytes"]) == (1, store.stat().st_size)


def test_a_store_that_cannot_be_used_is_broken(store):
    """It would keep every command from working."""
    store.write_text("no database" * 1000)
    found = checkup.examine()
    assert found.broken
    assert any("it is not a store" in advice for advice in found.advice)


def test_no_store_is_nothing_to_complain_about(monkeypatch):
    """Who switched it off meant it."""
    monkeypatch.setenv("VLMKIT_STORE", "off")
    found = checkup.examine()
    assert (found.store, found.broken) == ({}, False)


def test_slow_is_not_broken(machine):
    """A slow BLAS is advice; exit codes are for what does not work."""
    slow = BlasReport(needed=True, advice="Install a fast BLAS.")
    machine.setattr("vlmkit.engines.blas.report", lambda: slow)
    found = checkup.examine()
    assert found.advice == ["Install a fast BLAS."]
    assert found.compute["fast"] is False
    assert not found.broken


def test_wrong_products_are_broken(machine):
    """A BLAS that miscalculates describes nothing right."""
    wrong = BlasReport(needed=True, right=False, advice="Set VLMKIT_BLAS to another.")
    machine.setattr("vlmkit.engines.blas.report", lambda: wrong)
    assert checkup.examine().broken


def test_a_machine_with_a_gpu_needs_no_blas(machine):
    """Where mlx computes on a GPU the CPU's BLAS is not looked at."""
    machine.setattr("vlmkit.engines.blas.report", lambda: BlasReport(needed=False))
    machine.setattr("sys.platform", "darwin")
    found = checkup.examine()
    assert found.compute["device"] == "gpu (Metal)"
    assert not found.broken


def test_a_missing_package_is_said(machine):
    """With the command that installs it."""

    def version(package):
        if package == "mlx-vlm":
            raise importlib.metadata.PackageNotFoundError(package)
        return "1.0"

    machine.setattr("importlib.metadata.version", version)
    found = checkup.examine()
    assert found.versions["mlx-vlm"] is None
    assert found.broken
    assert found.advice == ["mlx-vlm is not installed. Install it: pip install mlx-vlm"]


def test_mlx_that_cannot_be_imported_is_said(machine):
    """The examination goes on."""
    machine.setitem(__import__("sys").modules, "vlmkit.engines.blas", None)
    found = checkup.examine()
    assert found.broken
    assert found.compute == {}
    assert found.settings


def test_wrong_settings_are_said_once_each(machine):
    """A bad file is one problem, not one per setting; the others are still shown."""
    machine.setenv("VLMKIT_WORKERS", "many")
    found = checkup.examine()
    assert found.broken
    assert [row["origin"] for row in found.settings if row["name"] == "workers"] == ["!"]
    (advice,) = found.advice
    assert "VLMKIT_WORKERS" in advice


def test_no_model_is_advice_that_names_the_ways():
    """A fresh installation works, it only has no model named."""
    settings.use(model=None)
    found = checkup.examine()
    assert not found.broken
    (advice,) = found.advice
    for way in ("--model", "VISION_MODEL", "vlmkit.toml", "tiny"):
        assert way in advice
