"""The process's own side: what it reads, and what it writes."""

import io
import json
import struct

from vlmkit.engines import rendering_process


def of(request):
    sent = json.dumps(request).encode()
    return struct.pack("<Q", len(sent)) + sent


def test_requests_are_answered_in_order(monkeypatch):
    """A text or a fault for each; what is cut off ends it."""
    monkeypatch.setattr(rendering_process, "_limit_memory", lambda: None)  # of this process
    monkeypatch.setattr(rendering_process.signal, "signal", lambda *_: None)
    requests = [{"template": "{{ a }}", "values": {"a": "é"}}, {"template": "{{ b() }}", "values": {}}]
    sink = io.BytesIO()
    rendering_process.serve(io.BytesIO(b"".join(map(of, requests)) + b"\0"), sink)
    answers = [{"text": "é"}, {"fault": "UndefinedError", "message": "'b' is undefined"}]
    assert sink.getvalue() == b"".join(map(of, answers))
