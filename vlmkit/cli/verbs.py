"""The verbs of the package as commands: one row each. Options and their help come from the function itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["VERBS", "Verb"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verb:
    """A function that a command calls.

    Attributes
    ----------
    name : str
        Of the command.
    function : str
        Dotted name.
    summary : str
        What it does, for the list of commands.
    source : {"pictures", "images", "table", "dataset", "none"}
        What its first argument is: pictures, as references, or a table; pictures, as a table of them, or a table; a
        table; the path of a data set; nothing.
    gives : {"rows", "figures", "findings", "checks", "estimate"}
        What comes back: the table with answers and their errors; a table; one where each row is something to mend; one
        that says "no" where a model does not work; an `Estimate`.
    keywords : str or None, default None
        Dotted name of the TypedDict of its ``**options``, where its signature does not say it.
    without : tuple of str, default ()
        Parameters that make no sense for the command.
    index : str or None, default None
        Name of the column that the index of the result becomes; None is none, as it only counts rows.
    has_target : bool, default False
        Whether its second argument is a path that it writes to.
    """

    name: str
    function: str
    summary: str
    source: Literal["pictures", "images", "table", "dataset", "none"] = "pictures"
    gives: Literal["rows", "figures", "findings", "checks", "estimate"] = "rows"
    keywords: str | None = None
    without: tuple[str, ...] = ()
    index: str | None = None
    has_target: bool = False


_ROWS = (
    Verb(name="caption", function="vlmkit.frame:caption", summary="A caption for every picture."),
    Verb(name="ask", function="vlmkit.frame:ask", summary="One question about every picture: text, number, choice."),
    Verb(name="tags", function="vlmkit.frame:tags", summary="Tags of a closed vocabulary for every picture."),
    Verb(name="score", function="vlmkit.frame:score", summary="A rating on a scale for every picture."),
    Verb(
        name="estimate",
        function="vlmkit.frame:estimate",
        summary="Time, tokens and money that a run would take.",
        gives="estimate",
    ),
    Verb(
        name="images",
        function="vlmkit.frame:read_images",
        summary="Facts about picture files: format, size, camera, what is broken.",
    ),
    Verb(
        name="duplicates",
        function="vlmkit.evaluation:duplicates",
        summary="Pictures that are nearly the same.",
        source="images",
        gives="figures",
        index="row",
    ),
    Verb(
        name="read",
        function="vlmkit.exporters:read_dataset",
        summary="A data set of any known format as a table.",
        source="dataset",
        gives="figures",
    ),
    Verb(
        name="lint",
        function="vlmkit.evaluation:lint",
        summary="What should not be in captions.",
        source="table",
        gives="findings",
    ),
    Verb(
        name="evaluate",
        function="vlmkit.evaluation:evaluate",
        summary="How good answers are, with intervals, where the truth is known.",
        source="table",
        gives="figures",
    ),
    Verb(
        name="compare",
        function="vlmkit.evaluation:compare",
        summary="Models and prompts on the same pictures.",
        source="images",
        gives="figures",
        keywords="vlmkit.frame.options:RowOptions",
        without=("model", "overwrite", "limit"),
        index="answers",
    ),
    Verb(
        name="check",
        function="vlmkit.evaluation:check",
        summary="What a model can do: see, turn, answer in a schema, stream.",
        source="none",
        gives="checks",
    ),
)

VERBS = {verb.name: verb for verb in _ROWS}
