"""Names become backends: ours and strangers' through the same door."""

import importlib
import sys

import consented
import pytest

from vlmkit.backends import registry
from vlmkit.backends.fake import FakeBackend
from vlmkit.backends.registry import ENGINES, EngineSpec, ModelName, load, parse
from vlmkit.errors import BadSetting, MissingExtra, ModelLoadFailed, ModelNotFound, SetupError, UnknownModel
from vlmkit.settings import use


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Each test runs in a folder of its own: paths in it could be taken for models."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "engine", "name", "url"),
    [
        ("tiny", "mlx", "tiny", None),
        (" tiny ", "mlx", "tiny", None),
        ("mlx:tiny", "mlx", "tiny", None),
        ("org/name-4bit", "mlx", "org/name-4bit", None),
        ("mlx:org/name", "mlx", "org/name", None),
        ("fake:echo", "fake", "echo", None),
        ("fake:qwen3-vl:8b", "fake", "qwen3-vl:8b", None),
        ("fake:me@home", "fake", "me@home", None),
        ("fake:model@http://host:8000/v1", "fake", "model", "http://host:8000/v1"),
        ("fake:a@b@https://host/v1", "fake", "a@b", "https://host/v1"),
    ],
)
def test_names_are_taken_apart(text, engine, name, url):
    """Engine, name and address, and back to one text."""
    parsed = parse(text)
    assert parsed == ModelName(engine=engine, name=name, url=url)
    assert parse(str(parsed)) == parsed


def test_a_local_directory_means_mlx(tmp_path):
    """A directory that exists is a model directory, absolute from then on; it wins over a Hub id of the same text."""
    (tmp_path / "org" / "name").mkdir(parents=True)
    for text in ("org", "./org/name", "org/name", str(tmp_path / "org")):
        assert parse(text).engine == "mlx"
        assert parse(text).name.startswith(str(tmp_path))


def test_a_directory_called_tiny_does_not_hide_the_bundled_model(tmp_path):
    """``tiny`` is a word of ours; the directory is ``./tiny``."""
    (tmp_path / "tiny").mkdir()
    assert parse("tiny").name == "tiny"
    assert parse("./tiny").name == str(tmp_path / "tiny")


@pytest.mark.parametrize("text", ["./nothing", "/no/such/folder", "~/nothing"])
def test_a_path_that_is_not_there_is_said(text):
    """Paths are not taken for Hub ids."""
    with pytest.raises(ModelNotFound, match="No model directory at"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tinny", "Did you mean 'tiny'?"),
        ("mxl:org/name", "Did you mean 'mlx'?"),
        ("fke:echo", "Did you mean 'fake'?"),
        ("gpt", "engines here: "),
        ("", '"tiny", the bundled model'),
        ("a/b/c", "a Hub id (org/name)"),
    ],
)
def test_unknown_names_get_a_hint(text, hint):
    """The message says what fits, and the closest where there is one."""
    with pytest.raises(UnknownModel) as caught:
        parse(text)
    assert hint in str(caught.value)


def plug_in(monkeypatch, name, opener):
    """Have an engine among ours whose opener is a function of this file."""
    row = EngineSpec(name=name, opener=f"{__name__}:{opener}")
    monkeypatch.setattr(sys.modules[__name__], "PLUGGED_IN", row, raising=False)
    monkeypatch.setattr(ENGINES, "built_in", (*ENGINES.built_in, f"{__name__}:PLUGGED_IN"))


def test_load_opens_what_was_named():
    """Options reach the opener; each call gives a backend of its own."""
    first, second = load("fake:demo", replies="yes"), load("fake:demo")
    assert isinstance(first, FakeBackend)
    assert first is not second
    first.close()
    second.close()


def test_load_takes_the_model_of_the_settings():
    """`use(model=…)` is enough to load; nothing at all is an error."""
    with pytest.raises(UnknownModel, match="No model was named"):
        load()
    use(model="fake:settings")
    backend = load()
    assert backend.model == "fake:settings"
    backend.close()


def test_options_are_checked_before_opening(monkeypatch):
    """An option the opener does not take is refused by name, with those it takes."""
    plug_in(monkeypatch, "strict", "_open_strict")
    with pytest.raises(BadSetting, match=r"speed: strict models take no such option\. They take: revision"):
        load("strict:model", speed=3)


def _open_strict(name, *, url=None, revision=None):
    raise AssertionError("never opened with a wrong option")


def test_strangers_come_in_by_entry_point(monkeypatch, tmp_path):
    """An installed package's engine opens like ours, is listed, and cannot take a name of ours."""
    (tmp_path / "acme_vlm.py").write_text(
        "from vlmkit.backends.registry import EngineSpec\n"
        "from vlmkit.backends.fake import FakeBackend\n"
        "ACME = EngineSpec(name='acme', opener='acme_vlm:open_acme')\n"
        "def open_acme(name, *, url=None, **options): return FakeBackend('acme-' + name, **options)\n"
    )
    meta = tmp_path / "acme_vlm-1.0.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-vlm\nVersion: 1.0\n")
    (meta / "entry_points.txt").write_text(
        "[vlmkit.backends]\nacme = acme_vlm:ACME\nmlx = acme_vlm:ACME\ngone = acme_gone:open\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    backend = load("acme:rocket", replies="up")
    assert backend.model == "fake:acme-rocket"
    backend.close()
    assert ENGINES.find("mlx").opener == "vlmkit.engines.mlx:open_engine"
    with pytest.raises(MissingExtra, match="acme_gone:open needs 'acme_gone'"):
        load("gone:x")


def test_every_built_in_engine_is_listed():
    """The names a user can write before the colon."""
    assert {engine.name for engine in ENGINES.own()} <= set(ENGINES.names())


def _open_raising(name, *, url=None):
    raise RuntimeError("plugin broke")


def _open_nothing(name, *, url=None):
    return None


def _open_odd(name):
    return FakeBackend(name)


def _open_refusing(name, *, url=None):
    raise ModelNotFound("not in this zoo")


def _open_interrupted(name, *, url=None):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("opener", "message", "cause"),
    [
        ("_open_raising", "RuntimeError: plugin broke. Report it to whoever wrote", RuntimeError),
        ("_open_odd", "TypeError", TypeError),
        ("_open_nothing", "gave a NoneType, which is not a backend", type(None)),
        ("not_there", "has no 'not_there'", None),
    ],
)
def test_what_a_stranger_s_opener_does_wrong_is_a_failed_load(opener, message, cause, monkeypatch):
    """Whatever it raises or gives; its own error is the cause."""
    plug_in(monkeypatch, "stranger", opener)
    with pytest.raises(SetupError, match=message) as caught:
        load("stranger:x")
    if cause is not None:
        assert isinstance(caught.value, ModelLoadFailed)
        assert isinstance(caught.value.__cause__, cause)


def test_what_an_opener_says_on_purpose_stays(monkeypatch):
    """Our own kinds of errors, and an interrupt."""
    plug_in(monkeypatch, "stranger", "_open_refusing")
    with pytest.raises(ModelNotFound, match="not in this zoo"):
        load("stranger:x")
    plug_in(monkeypatch, "stranger", "_open_interrupted")
    with pytest.raises(KeyboardInterrupt):
        load("stranger:x")


def test_names_that_are_no_model_s_list_what_is_downloaded(tmp_path, monkeypatch):
    """The likest first."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    (tmp_path / "models--org--smolvlm").mkdir()
    with pytest.raises(UnknownModel, match="On this machine: org/smolvlm"):
        parse("smolvlm")
    with pytest.raises(ModelNotFound, match="On this machine: org/smolvlm"):
        parse("./smolvlm")


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
    found = [registry.model_identity(name)]
    use(allow_remote=True)
    found.append(registry.model_identity(name))
    consented.write(tmp_path, '[hosts.stranger]\nurl = "http://a/v1"\n')
    found.append(registry.model_identity(name))
    consented.write(tmp_path, '[hosts.stranger]\nurl = "http://b/v1"\n')
    found.append(registry.model_identity(name))
    assert len(set(found)) == len(found)
    assert registry.model_identity(name) == found[-1]


def test_a_permission_that_was_taken_back_is_missed_at_once():
    """Before anything is opened."""
    name = parse("vllm:m@http://models.example/v1")
    use(allow_remote=True)
    assert registry.model_identity(name) == registry.model_identity(name)
    use(allow_remote=None)
    with pytest.raises(BadSetting, match="is not this machine"):
        registry.model_identity(name)


def test_a_list_of_downloads_depends_on_where_they_are(monkeypatch):
    """Another folder, another list."""
    monkeypatch.setenv("HF_HUB_CACHE", "/one")
    first = registry.list_identity("mlx", None)
    monkeypatch.setenv("HF_HUB_CACHE", "/two")
    assert registry.list_identity("mlx", None) != first


def test_nested_content_is_compared_by_what_is_in_it():
    """In any order of a dictionary; numbers are not their texts."""
    assert registry.frozen({"a": [1, {"b": None}], "c": 2}) == registry.frozen({"c": 2, "a": [1, {"b": None}]})
    assert registry.frozen({"a": 1}) != registry.frozen({"a": "1"})
    assert hash(registry.frozen({"a": [1, {"b": set()}]}))


def test_a_file_that_was_changed_has_another_stamp(tmp_path):
    """One that is not there has none."""
    file = tmp_path / "file"
    assert registry.file_stamp(file) is None
    file.write_text("a")
    first = registry.file_stamp(file)
    assert first == registry.file_stamp(str(file))
    file.write_text("ab")
    assert registry.file_stamp(file) != first
