"""The tool that writes a table: below its folder, and over nothing."""

import pytest
from scene_tables import scene_table

import vlmkit as vk
from vlmkit.agent import ToolError
from vlmkit.agent.mcp_server.export_tool import ExportTool


@pytest.fixture
def export(tmp_path):
    """The tool over three scenes, called as a model does."""
    tool = ExportTool(lambda: scene_table(3), tmp_path / "out").tool()
    return lambda **arguments: tool.run(arguments).data


def test_it_needs_consent_and_destroys_nothing(tmp_path):
    """Hosts are told so."""
    tool = ExportTool(scene_table, tmp_path).tool()
    assert (tool.needs_consent, tool.read_only, tool.destructive) == (True, False, False)


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet"])
def test_tables_read_back(export, tmp_path, form):
    """With all their rows."""
    assert export(format=form, name=f"table.{form}") == {"written": f"table.{form}", "format": form, "rows": 3}
    back = vk.read_dataset(tmp_path / "out" / f"table.{form}")
    assert back["caption"].tolist() == scene_table(3)["caption"].tolist()


@pytest.mark.parametrize("form", ["imagefolder", "coco", "kohya", "llava", "messages"])
def test_data_sets_are_written(export, tmp_path, form):
    """With texts of the column."""
    export(format=form, name="set.json" if form != "imagefolder" else "set", column="caption")
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert any("caption" in path.name or path.suffix in {".json", ".jsonl"} for path in files)


NO_NAMES = ["", "..", "../x.csv", "/etc/x.csv", "a/b.csv", "a\\b.csv", ".hidden", "x\0.csv", "x\n.csv", "C:x", "con"]
NO_NAMES += ["nul.csv", "x.", "x ", "-rf", "x" * 300, "\u202ex.csv"]


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_is_no_path(export, tmp_path, name):
    """Nor anything that a system takes for something else."""
    with pytest.raises(ToolError, match="Give a plain name"):
        export(format="csv", name=name)
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays(export, tmp_path):
    """Files, folders, and links to other places."""
    out, other = tmp_path / "out", tmp_path / "other.csv"
    out.mkdir()
    (out / "a.csv").write_text("mine")
    (out / "folder").mkdir()
    (out / "link.csv").symlink_to(other)
    for name in ("a.csv", "folder", "link.csv"):
        with pytest.raises(ToolError, match="there is a file of this name already"):
            export(format="csv", name=name)
    assert (out / "a.csv").read_text() == "mine"
    assert not other.exists()


def test_what_cannot_be_written_is_said_without_the_folder(export, tmp_path):
    """A column that is not there, a folder that is a file, a format that is none."""
    with pytest.raises(ToolError, match="nowhere") as caught:
        export(format="llava", name="set.json", column="nowhere")
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(ToolError, match="arguments do not fit"):
        export(format="exe", name="x")
    (tmp_path / "out").rmdir()
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ToolError, match="cannot be written") as caught:
        export(format="csv", name="x.csv")
    assert str(tmp_path) not in str(caught.value)
