"""Rows to put into a store."""

import hashlib

from vlmkit.records import Reply, Sampling, Usage
from vlmkit.store import PictureRecord, RowRecord, RunRecord, key_of


def digest(text):
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def make_key(index=0, **changes):
    ask = {"model": "mlx:tiny", "revision": "r1", "prompt": "What is this?", "system": None, "sampling": Sampling()}
    return key_of(**({"digests": [digest(f"picture {index}")]} | ask | changes))


def make_reply(index=0, **changes):
    usage = Usage(prompt_tokens=80 + index, completion_tokens=9)
    values = {"text": f"Answer {index}.", "finish_reason": "stop", "model": "mlx:tiny", "revision": "r1"}
    return Reply(**({"usage": usage, "seconds": 0.25} | values | changes))


def make_row(index=0, **changes):
    picture = PictureRecord(
        identities=(f"stamp {index}", f"fingerprint {index}"),
        digest=digest(f"picture {index}"),
        media_type="image/jpeg",
        width=64,
        height=48,
    )
    values = {"label": f"pictures/{index}.jpg", "prompt": "What is this?", "pictures": (picture,), "seconds": 0.5}
    return RowRecord(**({"index": index, "key": make_key(index), "reply": make_reply(index)} | values | changes))


def make_run(**changes):
    return RunRecord(**({"model": "mlx:tiny", "revision": "r1", "total": 3, "longest_side_px": 64} | changes))
