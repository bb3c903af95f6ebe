"""What was measured of a family is said before anything is loaded."""

import importlib.metadata
import json
import subprocess
import sys

import pytest

from vlmkit.engines.families import verdicts
from vlmkit.engines.families.verdicts import FAITHFULNESS, FamilyVerdict, check_right, serving, verdict, verdict_on
from vlmkit.errors import ModelLoadFailed


def test_the_table_speaks_the_six_words():
    """Every row has a verdict, and a reason unless nothing differs."""
    table = verdicts._table("measured.json")
    assert table["mlx_vlm"]
    for family, row in table["families"].items():
        assert row["verdict"] in FAITHFULNESS, family
        assert bool(row["why"]) or row["verdict"] in ("same", "never compared"), family
        assert not row["why"].endswith("."), family


@pytest.mark.parametrize("name", ["smolvlm", "SmolVLM"])
def test_a_measured_family_is_found_however_it_is_spelled(name):
    """As mlx_vlm finds it."""
    assert (verdict(name).faithfulness, verdict(name).why) == ("same", "")
    assert verdict("lfm2-vl") == verdict("lfm2_vl")


def test_nobody_is_right_by_default():
    """A family nobody measured is told from one that is right."""
    unknown = verdict("nope")
    assert (unknown.faithfulness, unknown.mlx_vlm) == ("never compared", None)
    assert unknown.remarks == ("Its answers were never compared with those of transformers.",)


def test_remarks_are_for_people(monkeypatch):
    """Nothing where all is well, the reason where it is not, and the version where it is another."""
    here = importlib.metadata.version("mlx-vlm")
    assert FamilyVerdict(faithfulness="same", mlx_vlm=here).remarks == ()
    repaired = FamilyVerdict(faithfulness="same", why="after a repair", mlx_vlm=here)
    assert repaired.remarks == ("Its answers are those of transformers: after a repair.",)
    (told,) = FamilyVerdict(faithfulness="differs", why="tiles", mlx_vlm=here).remarks
    assert told == "Its answers differ from those of transformers: tiles."
    assert FamilyVerdict(faithfulness="same", mlx_vlm="0.0").remarks == (
        f"That was measured with mlx_vlm 0.0, and {here} is installed.",
    )
    monkeypatch.setattr(verdicts, "_installed", lambda: None)
    assert FamilyVerdict(faithfulness="same", mlx_vlm="0.0").remarks == ()


def test_no_mlx_is_needed_to_ask():
    """A machine that cannot run the model can still be told about it."""
    code = (
        "import sys; sys.modules['mlx'] = sys.modules['mlx_vlm'] = None; "
        "from vlmkit.engines.families.verdicts import verdict; print(verdict('smolvlm').faithfulness)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stdout == "same\n"


def test_a_wrong_family_is_opened_by_name_only(monkeypatch):
    """The name says that somebody knows."""
    monkeypatch.setitem(verdicts._table("measured.json")["families"], "bad", {"verdict": "wrong", "why": "garbled"})
    for allowed in (None, "bad", "another/name"):
        with pytest.raises(ModelLoadFailed, match=r"bad, answers wrongly here: .*garbled\. .*allow_wrong='org/name'"):
            check_right("org/name", "bad", allow_wrong=allowed)
    check_right("org/name", "bad", allow_wrong="org/name")
    check_right("org/name", "smolvlm", allow_wrong=None)
    check_right("org/name", "nope", allow_wrong=None)


def test_a_model_on_this_machine_is_told_of(tmp_path):
    """The bundled one, and a directory; what is said is the verdict on its family."""
    assert verdict_on("mlx:tiny") == "Its answers are those of transformers."
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nobodys"}), encoding="utf-8")
    assert verdict_on(f"mlx:{tmp_path}") == "Its answers were never compared with those of transformers."


def test_a_download_is_told_of(tmp_path, monkeypatch):
    """Without asking the Hub, whatever the revision."""
    monkeypatch.setattr(verdicts.hub, "find_here", lambda name: tmp_path / name)
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


def test_the_table_speaks_two_words():
    """Those that an open model says of itself."""
    assert set(verdicts._table("serving.json").values()) == {"batched", "one by one"}


def test_a_family_is_found_however_it_is_spelled():
    """One that was not tried is not known."""
    assert serving("SmolVLM") == serving("smolvlm") == "batched"
    assert serving("lfm2-vl") == "batched"
    assert serving("mllama") == "one by one"
    assert serving("nope") is None
