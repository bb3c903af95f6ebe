"""How a plain object is shown in a notebook: by a widget that is opened by name, and only there."""

from __future__ import annotations

from typing import Any, ClassVar

from vlmkit.extras import open_by_name
from vlmkit.notebook import notebook_shell

__all__ = ["Faced"]


class Faced:
    """Base of what a notebook shows as a widget, the same one each time; elsewhere it is its text.

    Attributes
    ----------
    face_name : str
        Dotted name of a widget class that takes the object.
    """

    face_name: ClassVar[str]
    _face: Any = None

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if notebook_shell() is None:  # IPython at a terminal asks, too, and shows nothing but text
            return {"text/plain": repr(self)}
        if self._face is None:
            self._face = open_by_name(self.face_name)(self)
        return self._face._repr_mimebundle_(**options)
