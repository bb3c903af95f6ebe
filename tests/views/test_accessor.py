"""``df.vlm`` and ``series.vlm``."""

import inspect

import pandas as pd
import pytest

import vlmkit.accessor
from vlmkit import frame as verbs
from vlmkit.errors import BadSetting
from vlmkit.prompts import style_prompt


def test_a_frame_chains(photos, backend):
    """Read, ask, caption: each gives a new table."""
    model = backend()
    frame = pd.DataFrame({"path": photos(2)})
    result = (
        frame.vlm.read_images()
        .vlm.caption(model=model)
        .vlm.ask("How many?", into="n", dtype=int, model=backend(replies="7"))
        .vlm.describe("{n}?", model=model)
    )
    assert result["n"].tolist() == [7, 7]
    assert result["description"].tolist() == ["0: 7?", "1: 7?"]
    assert list(frame) == ["path"]
    assert [record.text for record in frame.vlm.describe_iter("x", model=model)] == ["0: x", "1: x"]


def test_a_series_gives_a_series(photos, backend):
    """Except for the table of its headers."""
    paths = pd.Series(photos(2), name="file")
    captions = paths.vlm.caption(model=backend())
    assert captions.name == "caption"
    assert captions.tolist() == [f"{i}: {style_prompt('brief')}" for i in range(2)]
    assert paths.vlm.ask("?", model=backend()).name == "answer"
    assert paths.vlm.describe("?", model=backend()).name == "description"
    assert paths.vlm.read_images()["width"].tolist() == [10, 11]


def test_it_holds_nothing_but_its_subject():
    """And says so without an address."""
    frame = pd.DataFrame({"path": ["a", "b"]})
    assert list(vars(frame.vlm)) == ["_subject"]
    assert repr(frame.vlm) == "<vlm verbs of a DataFrame with 2 rows>"
    assert hasattr(pd.DataFrame({"no picture": [1]}), "vlm")


@pytest.mark.parametrize("name", ["read_images", "describe", "caption", "ask", "estimate", "describe_iter"])
def test_every_verb_of_tables_is_there(name):
    """With the positional arguments of the function, less the table."""
    method = inspect.signature(getattr(vlmkit.accessor.Accessor, name)).parameters
    function = inspect.signature(getattr(verbs, name)).parameters
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD,)
    positional = [each for each, parameter in function.items() if parameter.kind in kinds]
    assert [each for each, parameter in method.items() if parameter.kind in kinds][1:] == positional[1:]


def test_mistyped_options_are_refused(photos, backend):
    """By the verb, with its hint."""
    with pytest.raises(BadSetting, match="Did you mean"):
        pd.DataFrame({"path": photos(1)}).vlm.describe(model=backend(), temprature=1)
