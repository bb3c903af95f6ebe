"""A table of the bundled scenes with what is true of them, and tools over it."""

from pathlib import Path

import pandas as pd

from vlmkit.agent import TableTools

SCENES = Path(__file__).resolve().parents[2] / "datasets" / "scenes"


def scene_table(rows=12):
    """Paths with the true captions, tags and counts; labels of the index twice each."""
    truth = pd.read_json(SCENES / "metadata.jsonl", lines=True).head(rows)
    return pd.DataFrame(
        {
            "path": [str(SCENES / name) for name in truth["file_name"]],
            "caption": truth["brief"].astype("string"),
            "tags": truth["tags"].astype(object),
            "count": truth["count"].astype("Int64"),
            "background": pd.Categorical(truth["background"]),
        }
    ).set_axis([row // 2 for row in range(rows)])


class Called:
    """Tools by their names: ``called.look(rows=[0])`` is the result of a model's call."""

    def __init__(self, table, **options):
        self.tools = TableTools(table, **{"model": "tiny", "store": False, **options})
        self.by_name = {tool.name: tool for tool in self.tools.tools}

    def __getattr__(self, name):
        return lambda **arguments: self.by_name[name].run(arguments)
