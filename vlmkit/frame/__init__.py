"""Frame: the pandas face of everything below it.

Takes   a DataFrame, a Series, a list, a folder.          Gives  the same rows with new columns, or one plain record.
May use sources, prompts, backends, store, runner, pandas. Never  changes what it was given, reorders or loses a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "REVIEWED",
    "STATUSES",
    "Description",
    "Estimate",
    "Health",
    "ModelPicker",
    "Progress",
    "ReviewedField",
    "Run",
    "RunControl",
    "RunStatistics",
    "add_columns",
    "ask",
    "caption",
    "cell_type_of",
    "check_options",
    "column_of",
    "compat",
    "describe",
    "describe_iter",
    "describe_one",
    "estimate",
    "float_array",
    "health",
    "integer_array",
    "is_list",
    "is_missing",
    "json_value",
    "kind_of_object",
    "listener_for",
    "models",
    "pick_pictures",
    "read_images",
    "refs_of",
    "runs",
    "score",
    "spent_in_words",
    "tags",
    "text_array",
    "text_of",
]

if TYPE_CHECKING:
    from vlmkit.frame.arrays import float_array, integer_array, kind_of_object, text_array
    from vlmkit.frame.background import Run
    from vlmkit.frame.cells import cell_type_of, is_list, is_missing, json_value, text_of
    from vlmkit.frame.description import Description
    from vlmkit.frame.estimation import Estimate, estimate
    from vlmkit.frame.history import runs
    from vlmkit.frame.images import read_images
    from vlmkit.frame.inventory import Health, compat, health, models
    from vlmkit.frame.options import ModelPicker, check_options
    from vlmkit.frame.presets import ask, caption, score, tags
    from vlmkit.frame.progress import listener_for, spent_in_words
    from vlmkit.frame.reviewed import REVIEWED, STATUSES, ReviewedField
    from vlmkit.frame.run_statistics import Progress, RunControl, RunStatistics
    from vlmkit.frame.tables import add_columns, column_of, pick_pictures, refs_of
    from vlmkit.frame.verbs import describe, describe_iter, describe_one
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "arrays": "float_array integer_array kind_of_object text_array",
            "background": "Run",
            "cells": "cell_type_of is_list is_missing json_value text_of",
            "description": "Description",
            "estimation": "Estimate estimate",
            "history": "runs",
            "images": "read_images",
            "inventory": "Health compat health models",
            "options": "ModelPicker check_options",
            "presets": "ask caption score tags",
            "progress": "listener_for spent_in_words",
            "reviewed": "REVIEWED STATUSES ReviewedField",
            "run_statistics": "Progress RunControl RunStatistics",
            "tables": "add_columns column_of pick_pictures refs_of",
            "verbs": "describe describe_iter describe_one",
        },
    )
