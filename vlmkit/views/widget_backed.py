"""How a plain object is shown in a notebook: by a widget that is opened by name, and only there."""

from __future__ import annotations

from typing import Any, ClassVar

from vlmkit.extras import open_by_name
from vlmkit.notebook import notebook_shell

__all__ = ["WidgetBacked"]


class WidgetBacked:
    """Base of what a notebook shows as a widget, the same one each time; elsewhere it is its text.

    Attributes
    ----------
    widget_name : str
        Dotted name of a widget class that takes the object.
    """

    widget_name: ClassVar[str]
    _widget: Any = None

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if notebook_shell() is None:  # IPython at a terminal asks, too, and shows nothing but text
            return {"text/plain": repr(self)}
        if self._widget is None:
            self._widget = open_by_name(self.widget_name)(self)
        return self._widget._repr_mimebundle_(**options)
