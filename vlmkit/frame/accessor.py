"""``df.vlm`` and ``series.vlm``: the verbs, chained. Importing this registers them and loads nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from vlmkit.frame.description import Description
    from vlmkit.frame.estimation import Estimate
    from vlmkit.frame.review import Review

__all__ = ["Accessor"]


@pd.api.extensions.register_series_accessor("vlm")
@pd.api.extensions.register_dataframe_accessor("vlm")
class Accessor:
    """The verbs, for one DataFrame or Series.

    It holds nothing but that: pandas makes a new accessor whenever it likes.

    Parameters
    ----------
    subject : DataFrame or Series
    """

    def __init__(self, subject: Any) -> None:
        self._subject = subject

    def __repr__(self) -> str:
        return f"<vlm verbs of a {type(self._subject).__name__} with {len(self._subject)} rows>"

    def read_images(self, **options: Any) -> pd.DataFrame:
        """`vlmkit.read_images` of this; takes the same arguments, and adds the facts of each picture."""
        from vlmkit.frame.images import read_images

        return read_images(self._subject, **options)

    def describe(self, prompt: str | None = None, **options: Any) -> Any:
        """`vlmkit.describe` of this; takes the same arguments."""
        from vlmkit.frame.verbs import describe

        return describe(self._subject, prompt, **options)

    def caption(self, **options: Any) -> Any:
        """`vlmkit.caption` of this; takes the same arguments."""
        from vlmkit.frame.verbs import caption

        return caption(self._subject, **options)

    def ask(self, question: str, **options: Any) -> Any:
        """`vlmkit.ask` of this; takes the same arguments."""
        from vlmkit.frame.verbs import ask

        return ask(self._subject, question, **options)

    def estimate(self, prompt: str | None = None, **options: Any) -> Estimate:
        """`vlmkit.estimate` of this; takes the same arguments."""
        from vlmkit.frame.estimation import estimate

        return estimate(self._subject, prompt, **options)

    def describe_iter(self, prompt: str | None = None, **options: Any) -> Iterator[Description]:
        """`vlmkit.describe_iter` of this; takes the same arguments."""
        from vlmkit.frame.verbs import describe_iter

        return describe_iter(self._subject, prompt, **options)

    def review(self, *fields: str, **options: Any) -> Review:
        """`vlmkit.frame.review.review` of this: a person goes through the answers; takes the same arguments."""
        from vlmkit.frame.review import review

        return review(self._subject, *fields, **options)
