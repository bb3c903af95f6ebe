"""What makes an opened model what it is, whatever the engine."""

import consented
import pytest

from vlmkit.backends import identity, parse, registry
from vlmkit.backends.engine_table import ENGINES, EngineSpec
from vlmkit.errors import BadSetting
from vlmkit.settings import use

STRANGER = EngineSpec(name="stranger", opener="nowhere:nothing")


def test_every_engine_says_what_its_models_depend_on():
    """None of ours is shared by its name alone."""
    assert all(engine.identifier for engine in ENGINES.own())
    assert all(engine.list_identifier for engine in ENGINES.own() if engine.lister)


def test_a_third_party_s_model_depends_on_its_table_and_the_permission(tmp_path, monkeypatch):
    """As nobody knows which of it its opener reads."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ENGINES, "built_in", (*ENGINES.built_in, f"{__name__}:STRANGER"))
    name = registry.ModelName(engine="stranger", name="x")
    found = [identity.of_model(name)]
    use(allow_remote=True)
    found.append(identity.of_model(name))
    consented.write(tmp_path, '[hosts.stranger]\nurl = "http://a/v1"\n')
    found.append(identity.of_model(name))
    consented.write(tmp_path, '[hosts.stranger]\nurl = "http://b/v1"\n')
    found.append(identity.of_model(name))
    assert len(set(found)) == len(found)
    assert identity.of_model(name) == found[-1]


def test_a_permission_that_was_taken_back_is_missed_at_once():
    """Before anything is opened."""
    name = parse("vllm:m@http://models.example/v1")
    use(allow_remote=True)
    assert identity.of_model(name) == identity.of_model(name)
    use(allow_remote=None)
    with pytest.raises(BadSetting, match="is not this machine"):
        identity.of_model(name)


def test_a_list_of_downloads_depends_on_where_they_are(monkeypatch):
    """Another folder, another list."""
    monkeypatch.setenv("HF_HUB_CACHE", "/one")
    first = identity.of_list("mlx", None)
    monkeypatch.setenv("HF_HUB_CACHE", "/two")
    assert identity.of_list("mlx", None) != first


def test_nested_content_is_compared_by_what_is_in_it():
    """In any order of a dictionary; numbers are not their texts."""
    assert identity.frozen({"a": [1, {"b": None}], "c": 2}) == identity.frozen({"c": 2, "a": [1, {"b": None}]})
    assert identity.frozen({"a": 1}) != identity.frozen({"a": "1"})
    assert hash(identity.frozen({"a": [1, {"b": set()}]}))


def test_a_file_that_was_changed_has_another_stamp(tmp_path):
    """One that is not there has none."""
    file = tmp_path / "file"
    assert identity.stamp(file) is None
    file.write_text("a")
    first = identity.stamp(file)
    assert first == identity.stamp(str(file))
    file.write_text("ab")
    assert identity.stamp(file) != first
