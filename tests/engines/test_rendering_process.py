"""The process's own side: what it reads, and what it writes."""

import os

from vlmkit.engines.rendering_process import answer_requests
from vlmkit.framing import receive, send


def test_requests_are_answered_in_order():
    """A text or a fault for each, also a half of a character; what is cut off ends it."""
    source, ours = os.pipe()
    theirs, sink = os.pipe()
    for template, values in (("{{ a }}", {"a": "\ud800é"}), ("{{ b() }}", {})):
        send(ours, {"template": template, "values": values})
    os.write(ours, b"\0")
    os.close(ours)
    answer_requests(source, sink)
    assert receive(theirs, 100) == ({}, "\ud800é".encode("utf-8", "surrogatepass"))
    assert receive(theirs, 100) == ({"fault": "UndefinedError", "message": "'b' is undefined"}, b"")
    for end in (source, theirs, sink):
        os.close(end)
