"""`vlmkit doctor`, the real command."""

import importlib.metadata
import json
from dataclasses import asdict

import pytest

from vlmkit import settings
from vlmkit.backends.discovery import FoundModel
from vlmkit.cli.commands import doctor
from vlmkit.engines.blas import BlasReport
from vlmkit.store import RunRecord, open_store


@pytest.mark.core_model
def test_a_healthy_installation(command):
    """Exit code 0; versions, device, speed, models and settings are shown."""
    done = command("doctor", "--format", "json", VISION_MODEL="tiny")
    content = json.loads(done.stdout)
    assert done.returncode == 0, content["advice"]
    assert content["versions"]["mlx-vlm"] == importlib.metadata.version("mlx-vlm")
    assert content["compute"]["device"] in ("cpu", "gpu (Metal)", "gpu (CUDA)")
    assert content["models"]["tiny"] == "ready"
    (model,) = [row for row in content["settings"] if row["name"] == "model"]
    assert (model["value"], model["origin"]) == ("tiny", "environment variable VISION_MODEL")


def test_sections_for_people(command):
    """Readable without knowing JSON, within the terminal."""
    done = command("doctor", COLUMNS="70")
    for title in ("versions", "compute", "models", "setting", "what to do"):
        assert title in done.stdout
    assert "vlmkit.toml" in done.stdout


def test_a_broken_setting_is_exit_code_1(command):
    """The rest of the examination is still there."""
    done = command("doctor", "--format", "json", VLMKIT_WORKERS="many")
    content = json.loads(done.stdout)
    assert done.returncode == 1
    assert any("VLMKIT_WORKERS" in advice for advice in content["advice"])
    assert content["versions"]["python"]


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A working installation on a fast CPU, in an empty folder; parts can be replaced."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("vlmkit.engines.blas.report", lambda: BlasReport(needed=True, library="libx", gflops=60.0))
    found = [FoundModel(engine="mlx", name="tiny", source="bundled")]
    monkeypatch.setattr(doctor, "find_models", lambda _engine: found)
    settings.use(model="tiny")
    return monkeypatch


def test_a_healthy_installation_needs_nothing():
    """Everything is named, nothing is to be done, and it can be written as JSON."""
    found = doctor.examine()
    assert found.advice == []
    assert not found.broken
    assert found.versions["vlmkit"] == importlib.metadata.version("vlmkit")
    assert found.compute["device"] == "cpu"
    assert [row["name"] for row in found.settings] == list(settings.SETTINGS)
    json.dumps(asdict(found))


def test_the_store_is_looked_at(store):
    """Where it is and what it holds; before the first run nothing, and no file is made."""
    assert doctor.examine().store == {"path": str(store), "size_bytes": None, "runs": 0}
    assert not store.exists()
    with open_store(store) as opened:
        opened.begin(RunRecord(model="mlx:tiny", total=0))
    found = doctor.examine().store
    assert (found["runs"], found["size_bytes"]) == (1, store.stat().st_size)


def test_a_store_that_cannot_be_used_is_broken(store):
    """It would keep every command from working."""
    store.write_text("no database" * 1000)
    found = doctor.examine()
    assert found.broken
    assert any("it is not a store" in advice for advice in found.advice)


def test_no_store_is_nothing_to_complain_about(monkeypatch):
    """Who switched it off meant it."""
    monkeypatch.setenv("VLMKIT_STORE", "off")
    found = doctor.examine()
    assert (found.store, found.broken) == ({}, False)


def test_slow_is_not_broken(machine):
    """A slow BLAS is advice; exit codes are for what does not work."""
    slow = BlasReport(needed=True, advice="Install a fast BLAS.")
    machine.setattr("vlmkit.engines.blas.report", lambda: slow)
    found = doctor.examine()
    assert found.advice == ["Install a fast BLAS."]
    assert found.compute["fast"] is False
    assert not found.broken


def test_wrong_products_are_broken(machine):
    """A BLAS that miscalculates describes nothing right."""
    wrong = BlasReport(needed=True, right=False, advice="Set VLMKIT_BLAS to another.")
    machine.setattr("vlmkit.engines.blas.report", lambda: wrong)
    assert doctor.examine().broken


def test_a_machine_with_a_gpu_needs_no_blas(machine):
    """Where mlx computes on a GPU the CPU's BLAS is not looked at."""
    machine.setattr("vlmkit.engines.blas.report", lambda: BlasReport(needed=False))
    machine.setattr("sys.platform", "darwin")
    found = doctor.examine()
    assert found.compute["device"] == "gpu (Metal)"
    assert not found.broken


def test_a_missing_package_is_said(machine):
    """With the command that installs it."""

    def version(package):
        if package == "mlx-vlm":
            raise importlib.metadata.PackageNotFoundError(package)
        return "1.0"

    machine.setattr("importlib.metadata.version", version)
    found = doctor.examine()
    assert found.versions["mlx-vlm"] is None
    assert found.broken
    assert found.advice == ["mlx-vlm is not installed. Install it: pip install mlx-vlm"]


def test_mlx_that_cannot_be_imported_is_said(machine):
    """The examination goes on."""
    machine.setitem(__import__("sys").modules, "vlmkit.engines.blas", None)
    found = doctor.examine()
    assert found.broken
    assert found.compute == {}
    assert found.settings


def test_wrong_settings_are_said_once_each(machine):
    """A bad file is one problem, not one per setting; the others are still shown."""
    machine.setenv("VLMKIT_WORKERS", "many")
    found = doctor.examine()
    assert found.broken
    assert [row["origin"] for row in found.settings if row["name"] == "workers"] == ["!"]
    (advice,) = found.advice
    assert "VLMKIT_WORKERS" in advice


def test_no_model_is_advice_that_names_the_ways():
    """A fresh installation works, it only has no model named."""
    settings.use(model=None)
    found = doctor.examine()
    assert not found.broken
    (advice,) = found.advice
    for way in ("--model", "VISION_MODEL", "vlmkit.toml", "tiny"):
        assert way in advice
