"""Evaluation: how good was it, said with figures and how sure they are.

Takes   tables of answers, perhaps the truth; a model to look into.  Gives  tidy frames of figures, findings, checks.
May use frame and what is below it, pandas, numpy.                   Never  changes a table, drops a row unsaid."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vlmkit.evaluation.calibration import Calibration, calibrate
    from vlmkit.evaluation.checking import check
    from vlmkit.evaluation.comparing import compare
    from vlmkit.evaluation.comparison import Comparison
    from vlmkit.evaluation.doubles import duplicates
    from vlmkit.evaluation.doubting import doubt
    from vlmkit.evaluation.evaluating import confusion, evaluate
    from vlmkit.evaluation.gold import accepted
    from vlmkit.evaluation.linting import lint
    from vlmkit.evaluation.quality import assert_quality
    from vlmkit.evaluation.verifying import verify

__all__ = [
    "Calibration",
    "Comparison",
    "accepted",
    "assert_quality",
    "calibrate",
    "check",
    "compare",
    "confusion",
    "doubt",
    "duplicates",
    "evaluate",
    "lint",
    "verify",
]

_MODULE_OF = {
    "Calibration": "vlmkit.evaluation.calibration",
    "Comparison": "vlmkit.evaluation.comparison",
    "accepted": "vlmkit.evaluation.gold",
    "assert_quality": "vlmkit.evaluation.quality",
    "calibrate": "vlmkit.evaluation.calibration",
    "check": "vlmkit.evaluation.checking",
    "compare": "vlmkit.evaluation.comparing",
    "confusion": "vlmkit.evaluation.evaluating",
    "doubt": "vlmkit.evaluation.doubting",
    "duplicates": "vlmkit.evaluation.doubles",
    "evaluate": "vlmkit.evaluation.evaluating",
    "lint": "vlmkit.evaluation.linting",
    "verify": "vlmkit.evaluation.verifying",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'vlmkit.evaluation' has no attribute {name!r}; it has: {', '.join(__all__)}.")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
