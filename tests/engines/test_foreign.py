"""The only door to mlx_vlm, and what is asked of it."""

import ast
from pathlib import Path

import pytest

import vlmkit
from vlmkit.engines.desk import desk


@pytest.fixture
def foreign(engine):
    """The module, imported where MLX may be."""
    return desk().call(lambda: __import__("vlmkit.engines.foreign", fromlist=["foreign"]))


def test_everything_of_mlx_vlm_comes_through_one_file():
    """Of the engine; the bundled model's training builds on the same classes and says so itself."""
    importers = set()
    folder = Path(vlmkit.__file__).parent / "engines"
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            if any(name.partition(".")[0] == "mlx_vlm" for name in names):
                importers.add(file.name)
    assert importers == {"foreign.py"}


@pytest.mark.parametrize(
    ("model_type", "known", "sees"),
    [
        ("smolvlm", True, True),
        ("qwen3_vl", True, True),
        ("Gemma3", True, True),
        ("llama", True, False),
        ("nope", False, None),
    ],
)
def test_families_are_known_and_known_to_see(foreign, model_type, known, sees):
    """A text model is known and sees nothing; case does not matter."""
    config = {"model_type": model_type}
    assert desk().call(lambda: foreign.knows(config)) is known
    if known:
        assert desk().call(lambda: foreign.sees(config)) is sees


def test_a_template_without_system_messages_gets_the_text_in_the_question(foreign, engine, monkeypatch):
    """The words reach the model either way; any other fault of a template is told."""
    language = engine._language
    refused = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    monkeypatch.setattr(language.processor, "chat_template", refused + "{{ messages[0]['content'][-1]['text'] }}")

    def prompt(system):
        return desk().call(lambda: foreign.chat_prompt(language.model, language.processor, "What?", system, 0))

    assert prompt(None) == "What?"
    assert prompt("Be brief.") == "Be brief.\n\nWhat?"
    monkeypatch.setattr(language.processor, "chat_template", "{{ raise_exception('never') }}")
    with pytest.raises(Exception, match="never"):
        prompt("Be brief.")


def test_weights_are_counted_and_weighed(foreign, engine):
    """Four bytes each in single precision, packed or not on disk."""
    model = engine._language.model
    parameters = desk().call(lambda: foreign.parameter_count(model))
    assert desk().call(lambda: foreign.weight_bytes(model)) == 4 * parameters
    assert parameters == engine.info.parameters


def test_the_version_names_both_libraries(foreign):
    """What a remembered verdict depends on."""
    assert "on mlx" in foreign.VERSION
