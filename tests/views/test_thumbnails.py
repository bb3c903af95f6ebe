"""Thumbnails: made when asked for, off the caller's thread, forgotten within a bound; a bad picture says why."""

import threading

from vlmkit.records import Picture
from vlmkit.sources import refer
from vlmkit.views.thumbnails import Thumbnails


def refs(paths):
    return [refer(path) for path in paths]


def test_a_thumbnail_is_small_and_made_once(photos):
    """Within the pixel budget; the second time the file is not opened."""
    paths = photos(2)
    thumbnails = Thumbnails(refs(paths), longest_side_px=6)
    first = thumbnails.get(0)
    assert (first.width, first.height) == (6, 5)
    for path in paths:
        open(path, "wb").close()  # noqa: PTH123
    assert thumbnails.get(0) is first
    assert thumbnails.get(1).startswith("UnreadableImage: photos/img1.png: empty")


def test_the_cache_is_bounded(photos):
    """Those looked at longest ago go first, and the bytes are counted."""
    thumbnails = Thumbnails(refs(photos(6)), largest_cache_bytes=1)
    pictures = [thumbnails.get(row) for row in range(6)]
    assert thumbnails.size_bytes == len(pictures[-1].data)
    roomy = Thumbnails(refs(["photos/img0.png", "missing.png"]))
    roomy.get(0)
    roomy.get(1)
    roomy.get(0)
    assert len(pictures[0].data) < roomy.size_bytes < len(pictures[0].data) + 1000


def test_a_new_request_takes_the_place_of_the_old(photos):
    """What scrolled away before it began is not made; what was begun is delivered."""
    thumbnails = Thumbnails(refs(photos(80)))
    begun, go, done = threading.Event(), threading.Event(), threading.Event()
    delivered = {}

    def slowly(row, made):
        begun.set()
        go.wait(60)
        delivered[row] = made

    def quickly(row, made):
        delivered[row] = made
        if row == 79:
            done.set()

    thumbnails.request(range(70), slowly)
    assert begun.wait(60)
    thumbnails.request([79], quickly)
    go.set()
    assert done.wait(60)
    thumbnails.close()
    thumbnails.close()
    assert isinstance(delivered[79], Picture)
    assert 79 in delivered
    assert len(delivered) < 40
