"""`vlmkit doctor`, the real command."""

import importlib.metadata
import json

import pytest


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
