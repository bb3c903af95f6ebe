"""``df.vlm`` and ``series.vlm``: the verbs, chained. Importing this registers them and loads nothing else."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from vlmkit.extras import open_by_name

if TYPE_CHECKING:
    from vlmkit.frame import Description, Estimate
    from vlmkit.views import Review, Shown

__all__ = ["Accessor"]

_FORMATS = "vlmkit.exporters.formats:EXPORT_FORMATS"


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
        from vlmkit.frame import read_images

        return read_images(self._subject, **options)

    def describe(self, prompt: Any = None, **options: Any) -> Any:
        """`vlmkit.describe` of this; takes the same arguments."""
        from vlmkit.frame import describe

        return describe(self._subject, prompt, **options)

    def caption(self, **options: Any) -> Any:
        """`vlmkit.caption` of this; takes the same arguments."""
        from vlmkit.frame import caption

        return caption(self._subject, **options)

    def ask(self, question: str, **options: Any) -> Any:
        """`vlmkit.ask` of this; takes the same arguments."""
        from vlmkit.frame import ask

        return ask(self._subject, question, **options)

    def tags(self, vocabulary: Any, **options: Any) -> Any:
        """`vlmkit.tags` of this; takes the same arguments."""
        from vlmkit.frame import tags

        return tags(self._subject, vocabulary, **options)

    def score(self, criterion: str, **options: Any) -> Any:
        """`vlmkit.score` of this; takes the same arguments."""
        from vlmkit.frame import score

        return score(self._subject, criterion, **options)

    def estimate(self, prompt: Any = None, **options: Any) -> Estimate:
        """`vlmkit.estimate` of this; takes the same arguments."""
        from vlmkit.frame import estimate

        return estimate(self._subject, prompt, **options)

    def describe_iter(self, prompt: str | None = None, **options: Any) -> Iterator[Description]:
        """`vlmkit.describe_iter` of this; takes the same arguments."""
        from vlmkit.frame import describe_iter

        return describe_iter(self._subject, prompt, **options)

    def show(self, *columns: str, **options: Any) -> Shown:
        """`vlmkit.views.show` of this: rows with thumbnails; takes the same arguments."""
        from vlmkit.views import show

        return show(self._subject, *columns, **options)

    def review(self, *fields: str, **options: Any) -> Review:
        """`vlmkit.views.review` of this: a person goes through the answers; takes the same arguments."""
        from vlmkit.views import review

        return review(self._subject, *fields, **options)

    def evaluate(self, **options: Any) -> pd.DataFrame:
        """Say how good columns are; takes the arguments of `vlmkit.evaluate`."""
        return self._judge("evaluate", **options)

    def lint(self, column: str | None = None, **options: Any) -> Any:
        """Look captions through for what should not be in them; takes the arguments of `vlmkit.lint`."""
        return open_by_name("vlmkit.evaluation:lint")(self._subject, column, **options)

    def compare(self, **options: Any) -> Any:
        """Ask several models or prompts about these pictures; takes the arguments of `vlmkit.compare`."""
        return open_by_name("vlmkit.evaluation:compare")(self._subject, **options)

    def verify(self, column: str, **options: Any) -> pd.DataFrame:
        """Ask of each thing that a caption claims whether it is there; takes the arguments of `vlmkit.verify`."""
        return self._judge("verify", column, **options)

    def duplicates(self, **options: Any) -> pd.DataFrame:
        """Find pictures that are nearly the same; takes the arguments of `vlmkit.evaluation.duplicates`."""
        return self._judge("duplicates", **options)

    def uncertainty(self, *columns: str, **options: Any) -> pd.DataFrame:
        """Doubtful rows first; takes the arguments of `vlmkit.evaluation.uncertain_rows`."""
        return self._judge("uncertainty", *columns, **options)

    def accepted(self, *fields: str) -> pd.DataFrame:
        """Rows that a person accepted or edited; takes the arguments of `vlmkit.evaluation.accepted`."""
        return self._judge("accepted", *fields)

    def agent(self, question: str, **options: Any) -> Any:
        """Have a model find out something about the whole table; takes the arguments of `vlmkit.agent.ask_table`."""
        return open_by_name("vlmkit.agent:ask_table", extra="agent")(self._subject, question, **options)

    def merge_edits(self, edited: str | Path | pd.DataFrame, **options: Any) -> pd.DataFrame:
        """Take over what people changed in files; takes the arguments of `vlmkit.exporters.merge_edits`."""
        table: pd.DataFrame = open_by_name("vlmkit.exporters:merge_edits")(self._subject, edited, **options)
        return table

    def serve(self, **options: Any) -> Any:
        """Let MCP hosts look at this table, over HTTP; takes the arguments of `vlmkit.agent.serve_table`."""
        return open_by_name("vlmkit.agent.mcp_server.served:serve_table", extra="agent")(self._subject, **options)

    def __getattr__(self, name: str) -> Callable[..., pd.DataFrame]:
        """``to_NAME`` writes these rows in a format: it takes the arguments of ``vlmkit.exporters.to_NAME``.

        Raises
        ------
        AttributeError
            There is no such verb, and no such format.
        """
        if name.startswith("_"):  # notebooks look for several of these
            raise AttributeError(f"df.vlm has no attribute {name!r}.")
        row = open_by_name(_FORMATS).find(name.removeprefix("to_")) if name.startswith("to_") else None
        if row is None:
            known = ", ".join(each for each in dir(self) if not each.startswith("_"))
            raise AttributeError(f"df.vlm has no attribute {name!r}; it has: {known}.")
        return _method(row.open_writer(), self._subject)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(f"to_{name}" for name in open_by_name(_FORMATS).names())})

    def _judge(self, name: str, *arguments: Any, **options: Any) -> pd.DataFrame:
        table: pd.DataFrame = open_by_name(f"vlmkit.evaluation:{name}")(self._subject, *arguments, **options)
        return table


def _method(function: Callable[..., pd.DataFrame], subject: Any) -> Callable[..., pd.DataFrame]:
    """A function with its first argument given, which looks as it would look without that."""
    signature = inspect.signature(function)
    method: Callable[..., pd.DataFrame] = functools.update_wrapper(functools.partial(function, subject), function)
    vars(method)["__signature__"] = signature.replace(parameters=list(signature.parameters.values())[1:])
    return method
