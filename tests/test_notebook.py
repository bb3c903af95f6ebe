"""A plain object is its text where nobody could use a widget."""

import pandas as pd


def test_elsewhere_than_in_a_notebook_it_is_its_text(fresh_python):
    """Scripts, terminals and IPython at one: no widget library is loaded, no picture opened."""
    code = """
import sys
import pandas as pd
import vlmkit as vk
frame = pd.DataFrame({"path": ["gone.png"], "a": ["x"], "b": ["y"]})
for faced in (frame.vlm.review("a", store=False), vk.compare_view(frame, ["a", "b"], store=False)):
    assert faced._repr_mimebundle_() == {"text/plain": repr(faced)}
import IPython
assert frame.vlm.review("a", store=False)._repr_mimebundle_().keys() == {"text/plain"}
assert not {"ipywidgets", "anywidget"} & sys.modules.keys()
"""
    fresh_python(code)


def test_the_widget_that_is_named_is_there():
    """What would be opened in a notebook exists."""
    import importlib

    from vlmkit.views.reviewing import Review
    from vlmkit.views.vote import BlindComparison

    for kind in (Review, BlindComparison):
        module, _, name = kind.widget_name.partition(":")
        assert callable(getattr(importlib.import_module(module), name))
    assert isinstance(pd.DataFrame({"path": [], "a": []}).vlm.review("a", store=False), Review)
