"""A model that wrote something is judged by its name, as long as it is here."""

import json

import pytest

from vlmkit.engines.families import telling
from vlmkit.engines.families.telling import verdict_on


def test_a_model_on_this_machine_is_told_of(tmp_path):
    """The bundled one, and a directory; what is said is the verdict on its family."""
    assert verdict_on("mlx:tiny") == "Its answers are those of transformers."
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nobodys"}), encoding="utf-8")
    assert verdict_on(f"mlx:{tmp_path}") == "Its answers were never compared with those of transformers."


def test_a_download_is_told_of(tmp_path, monkeypatch):
    """Without asking the Hub, whatever the revision."""
    monkeypatch.setattr(telling.hub, "find_here", lambda name: tmp_path / name)
    (tmp_path / "org" / "name").mkdir(parents=True)
    (tmp_path / "org" / "name" / "config.json").write_text('{"model_type": "aya-vision"}', encoding="utf-8")
    assert verdict_on("mlx:org/name").startswith("Its answers are nearly those of transformers: ")


@pytest.mark.parametrize("model", ["fake:echo", "ollama:qwen3-vl:8b", "mlx:nobody/nothing", "what is this?", "mlx:/x"])
def test_nothing_is_said_of_others(model):
    """Whoever ran elsewhere, or is gone, is not guessed about."""
    assert verdict_on(model) == ""


def test_broken_files_say_nothing(tmp_path):
    """An export does not fail over them."""
    (tmp_path / "config.json").write_text("[", encoding="utf-8")
    assert verdict_on(f"mlx:{tmp_path}") == ""
