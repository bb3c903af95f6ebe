"""Rows of other packages stand beside ours; what is wrong with one is said, and harms no other."""

import importlib

import pytest

from vlmkit import settings
from vlmkit.backends.registry import ENGINES, EngineSpec
from vlmkit.errors import BadSetting, BrokenPlugin, MissingExtra, ModelLoadFailed, ModelNotFound
from vlmkit.plugins import Table, blaming

ROWS = """
from vlmkit import settings
from vlmkit.backends.registry import EngineSpec
GOOD = EngineSpec(name="good", opener="acme_rows:nothing")
OTHER = EngineSpec(name="other", opener="acme_rows:nothing")
NUMBER = 7
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A function that puts a package with these entry points beside the installed ones."""
    (tmp_path / "acme_rows.py").write_text(ROWS)
    (tmp_path / "acme_bomb.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(tmp_path)

    def installed(package, **points):
        meta = tmp_path / f"{package}-1.0.dist-info"
        meta.mkdir()
        (meta / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name} = {dotted}" for name, dotted in points.items()]
        (meta / "entry_points.txt").write_text("\n".join(["[vlmkit.backends]", *lines, ""]))
        importlib.invalidate_caches()

    return installed


def test_a_plugin_s_row_is_found_after_ours(install):
    """By its name, and in the list of all."""
    assert ENGINES.find("good") is None
    install("acme", good="acme_rows:GOOD")
    assert ENGINES.find("good").opener == "acme_rows:nothing"
    assert [row.name for row in ENGINES.rows()] == [*(row.name for row in ENGINES.own()), "good"]
    assert ENGINES.names()[-1] == "good"
    assert list(ENGINES.examine().values()) == [None]


@pytest.mark.parametrize(
    ("dotted", "kind", "message"),
    [
        ("acme_rows:NUMBER", BrokenPlugin, "it is a int, and vlmkit.backends takes a EngineSpec"),
        ("acme_rows:OTHER", BrokenPlugin, "its row is called 'other'"),
        ("acme_bomb:ROW", BrokenPlugin, "RuntimeError: no licence. Report it to whoever wrote acme_bomb"),
        ("acme_gone:ROW", MissingExtra, "needs 'acme_gone'"),
        ("acme_rows:GONE", MissingExtra, "has no 'GONE'"),
    ],
)
def test_a_broken_one_is_said_when_it_is_named(dotted, kind, message, install):
    """And is left out where all are listed."""
    install("acme", good=dotted, fine="acme_rows:NUMBER")
    with pytest.raises(kind, match=message):
        ENGINES.find("good")
    assert [row.name for row in ENGINES.rows()] == [row.name for row in ENGINES.own()]
    assert any(message in str(problem) for problem in ENGINES.examine().values())


def test_two_of_one_name_are_none(install):
    """Nobody chooses silently which of them answers."""
    install("acme", good="acme_rows:GOOD")
    install("zeta", good="acme_rows:GOOD")
    with pytest.raises(BrokenPlugin, match=r"several packages bring this name \(acme, zeta\)"):
        ENGINES.find("good")
    assert [type(problem) for problem in ENGINES.examine().values()] == [BrokenPlugin, BrokenPlugin]


@pytest.mark.parametrize("allowed", [[], ["other-package"]])
def test_one_that_is_not_allowed_is_not_used(allowed, install):
    """Naming it says which setting forbids it; of two with one name the allowed one is used."""
    install("Acme_VLM", good="acme_rows:GOOD")
    settings.use(allow_plugins=allowed)
    assert "good" not in ENGINES.names()
    assert "good" not in [row.name for row in ENGINES.rows()]
    with pytest.raises(BadSetting, match=r"not allowed \(vk\.use.*Add 'Acme_VLM' to allow_plugins"):
        ENGINES.find("good")
    assert [type(problem) for problem in ENGINES.examine().values()] == [BadSetting]
    install("zeta", good="acme_rows:GOOD")
    settings.use(allow_plugins=["acme.vlm"])
    assert ENGINES.find("good").name == "good"


def test_a_built_in_name_cannot_be_taken(install):
    """Ours is used, and that is said."""
    install("acme", mlx="acme_rows:GOOD")
    assert ENGINES.find("mlx").opener.startswith("vlmkit.")
    ((plugin, problem),) = ENGINES.examine().items()
    assert str(plugin) == "mlx (acme_rows:GOOD of the package acme)"
    assert "built-in" in str(problem)


def test_our_rows_come_from_mappings_and_alone():
    """In the order of the table."""
    table = Table("vlmkit.nothing", EngineSpec, ("vlmkit.backends.fake:FAKE", "vlmkit.providers.hosts:HOSTS"))
    assert table.names()[:2] == ["fake", "ollama"]
    assert table.find("nothing") is None


def test_what_somebody_else_s_code_raises_is_translated():
    """Vlmkit's own errors pass; so does an interrupt."""
    failed = pytest.raises(ModelLoadFailed, match=r"acme fails: acme\.code:run raised KeyError: 3\.")
    with failed as caught, blaming("acme fails", "acme.code:run", ModelLoadFailed):
        raise KeyError(3)
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(ModelNotFound), blaming("acme fails", "acme.code:run"):
        raise ModelNotFound("not here")
    with pytest.raises(KeyboardInterrupt), blaming("acme fails", "acme.code:run"):
        raise KeyboardInterrupt
