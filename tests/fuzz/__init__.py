"""Fuzzers: endless hostile inputs for everything that reads what strangers made.

Each module is one, and a command: ``python -m tests.fuzz.pictures --minutes 30``. `test_fuzz.py` runs all of them for
a second. Every input is bytes and can be tried again from a file; the file of a failing one is named at the end.
"""

import sys
from pathlib import Path

_SUPPORT = str(Path(__file__).parents[1] / "support")
if _SUPPORT not in sys.path:  # pytest does this itself; a command has nobody to do it
    sys.path.insert(0, _SUPPORT)
