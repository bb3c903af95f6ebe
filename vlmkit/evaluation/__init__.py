"""Evaluation: how good was it, said with figures and how sure they are.

Takes   tables of answers, perhaps the truth; a model to look into.  Gives  tidy frames of figures, findings, checks.
May use frame and what is below it, pandas, numpy.                   Never  changes a table, drops a row unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "Calibration",
    "Comparison",
    "accepted",
    "assert_quality",
    "calibrate",
    "check",
    "compare",
    "confusion",
    "duplicates",
    "evaluate",
    "lint",
    "uncertainty",
    "verify",
]

if TYPE_CHECKING:
    from vlmkit.evaluation.alignment import accepted
    from vlmkit.evaluation.calibration import Calibration, calibrate
    from vlmkit.evaluation.checking import check
    from vlmkit.evaluation.comparing import compare
    from vlmkit.evaluation.comparison import Comparison
    from vlmkit.evaluation.evaluating import assert_quality, confusion, evaluate
    from vlmkit.evaluation.linting import lint
    from vlmkit.evaluation.near_duplicates import duplicates
    from vlmkit.evaluation.uncertain_rows import uncertainty
    from vlmkit.evaluation.verifying import verify
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "calibration": "Calibration calibrate",
            "checking": "check",
            "comparing": "compare",
            "comparison": "Comparison",
            "near_duplicates": "duplicates",
            "uncertain_rows": "uncertainty",
            "evaluating": "assert_quality confusion evaluate",
            "alignment": "accepted",
            "linting": "lint",
            "verifying": "verify",
        },
    )
