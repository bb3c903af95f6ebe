"""Which models a server gives out."""

import consented
import pytest

import vlmkit as vk
from vlmkit.errors import BadSetting, UnknownModel
from vlmkit.server import catalog_of


def names(catalog):
    return {alias: served.name for alias, served in catalog.items()}


def test_names_aliases_and_open_models():
    """A name stands for itself, unless an alias is before it."""
    with vk.load("fake:open") as backend:
        catalog = catalog_of(["tiny", "small=ollama:m@http://127.0.0.1:1/v1", backend])
        assert names(catalog) == {"tiny": "tiny", "small": "ollama:m@http://127.0.0.1:1/v1", "fake:open": "fake:open"}
        assert catalog["fake:open"].open() is backend
        catalog["fake:open"].close(backend)
        assert backend.generate(None, "still open").text == "still open"
    assert names(catalog_of("tiny")) == names(catalog_of({"tiny": "tiny"})) == {"tiny": "tiny"}


def test_nothing_is_opened_by_being_named():
    """A name that is none is an error at once."""
    with pytest.raises(UnknownModel):
        catalog_of(["tiny", "olama:m"])
    with pytest.raises(BadSetting, match="name of two models"):
        catalog_of(["a=tiny", "a=fake:b"])
    with pytest.raises(BadSetting, match="No model is named"):
        catalog_of([])


def test_models_of_the_settings_are_served_where_none_is_named(tmp_path, monkeypatch):
    """Tables of vlmkit.toml; else the model in force; else an error that says how to name one."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownModel, match="No model was named"):
        catalog_of()
    vk.use(model="fake:force")
    assert names(catalog_of()) == {"fake:force": "fake:force"}
    consented.write(tmp_path, '[models.small]\nmodel = "tiny"\n[models."org/name"]\nmodel = "fake:b"\n')
    assert names(catalog_of()) == {"small": "tiny", "org/name": "fake:b"}
    consented.write(tmp_path, '[models.a]\nmodel = "tiny"\ncall_style = "hermes"\n[models.b]\nmodel = "fake:b"\n')
    assert [entry.call_style for entry in catalog_of().values()] == ["hermes", None]
    consented.write(tmp_path, '[models.a]\nmodel = "tiny"\ncall_style = "hermetic"\n')
    with pytest.raises(BadSetting, match="unknown style 'hermetic'"):
        catalog_of()
    consented.write(tmp_path, "[models.small]\n")
    with pytest.raises(BadSetting, match="no model is named"):
        catalog_of()


def test_the_address_of_a_server_is_not_in_what_is_printed():
    """It may have a key in it."""
    assert "secret" not in repr(catalog_of({"a": "openai:m@http://127.0.0.1:1/v1"})["a"]) + str(catalog_of("tiny"))
