"""Store: what was already answered, in one SQLite file, and which runs asked it.

Takes   replies, keys, run and row records.    Gives  a stored reply again, the list of runs, what people said.
May use errors, records, settings, sqlite3.    Never  asks a model, reads a picture, answers from a failed row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "BEAT_S",
    "LEASE_S",
    "Claims",
    "Condition",
    "Judgment",
    "Lease",
    "PictureRecord",
    "RowRecord",
    "RunRecord",
    "Size",
    "Store",
    "StoreChoice",
    "backup",
    "check",
    "choose_store",
    "default_path",
    "key_of",
    "mend",
    "open_store",
    "prune",
    "size",
]

if TYPE_CHECKING:
    from vlmkit.store.choice import StoreChoice, choose_store, default_path
    from vlmkit.store.claims import BEAT_S, LEASE_S, Claims
    from vlmkit.store.edits import Judgment
    from vlmkit.store.journal import PictureRecord, RowRecord, RunRecord
    from vlmkit.store.keys import key_of
    from vlmkit.store.leases import Lease
    from vlmkit.store.maintenance import Condition, Size, backup, check, mend, prune, size
    from vlmkit.store.results import Store, open_store
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "choice": "StoreChoice choose_store default_path",
            "claims": "BEAT_S LEASE_S Claims",
            "edits": "Judgment",
            "journal": "PictureRecord RowRecord RunRecord",
            "keys": "key_of",
            "leases": "Lease",
            "maintenance": "Condition Size backup check mend prune size",
            "results": "Store open_store",
        },
    )
