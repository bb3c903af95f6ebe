"""Importing vlmkit loads little and changes nothing."""

import json

HEAVY = {
    "PIL",
    "anywidget",
    "click",
    "cv2",
    "datasets",
    "h11",
    "httpcore",
    "httpx",
    "huggingface_hub",
    "ipywidgets",
    "mlx",
    "mlx_vlm",
    "pydantic",
    "sqlite3",
    "tokenizers",
    "tqdm",
    "transformers",
}
LOADED = "import sys, json; before = set(sys.modules); {code}; print(json.dumps(sorted(set(sys.modules) - before)))"


def loaded_by(fresh_python, code):
    return {name.partition(".")[0] for name in json.loads(fresh_python(LOADED.format(code=code)).stdout)}


def test_import_loads_nothing_heavy(fresh_python):
    """Pandas may come along, because df.vlm is registered there; nothing else heavy does."""
    assert not loaded_by(fresh_python, "import vlmkit") & HEAVY


def test_naming_a_verb_loads_no_engine(fresh_python):
    """Looking at the verbs, as completion does, opens rooms and no model library."""
    code = "import vlmkit; [getattr(vlmkit, name) for name in dir(vlmkit)]"
    assert not loaded_by(fresh_python, code) & {
        "mlx",
        "mlx_vlm",
        "transformers",
        "httpx",
        "httpcore",
        "ipywidgets",
        "click",
    }


def test_import_registers_the_accessor(fresh_python):
    """df.vlm and series.vlm are there after the import, without state."""
    fresh_python(
        "import pandas, vlmkit\nassert hasattr(pandas.DataFrame(), 'vlm') and hasattr(pandas.Series(dtype=str), 'vlm')"
    )


def test_import_is_silent(fresh_python):
    """Nothing is written to disk and nothing printed; the environment stays as it was."""
    code = (
        "import os; before = dict(os.environ)\n"
        "import vlmkit\n"
        "for name in dir(vlmkit): getattr(vlmkit, name)\n"
        "assert dict(os.environ) == before"
    )
    done = fresh_python(code)
    assert done.stdout == done.stderr == ""
    assert list(fresh_python.home.iterdir()) == []
    assert [path.name for path in fresh_python.home.parent.iterdir()] == ["home"]


def test_settings_are_not_read_on_import(fresh_python):
    """A broken setting hurts when it is used, not when vlmkit is imported."""
    fresh_python("import vlmkit", VLMKIT_WORKERS="many", VISION_MODEL="no such model")
