"""Which rows an earlier word is about: by content where it is known, else by place."""

import pandas as pd
import pytest

from vlmkit.sources import fingerprint, refer
from vlmkit.views.judgments import JudgedRows


@pytest.fixture
def store(tmp_path):
    """A file that is not there yet."""
    return tmp_path / "edits.sqlite"


def rows_of(paths, store, digests=None):
    frame = pd.DataFrame(index=range(len(paths)))
    if digests is not None:
        frame["digest"] = digests
    return JudgedRows(frame, [refer(path) for path in paths], store)


def recalled(judged):
    return [(row, judgment.verdict) for row, judgment in judged.recall("review", "caption")]


def say(judged, row, verdict="accepted"):
    judged.say("review", [(row, "caption", '"x"', verdict, None)])


def test_nothing_is_made_before_something_is_said(store, photos):
    """Looking leaves no file behind, and neither does a review without a store."""
    judged = rows_of(photos(2), store)
    assert recalled(judged) == []
    say(rows_of(["photos/img0.png"], False), 0)
    judged.say("review", [])
    assert not store.exists()
    say(judged, 0)
    assert store.exists()


def test_a_row_is_found_by_place_or_content(store, photos):
    """The same file under a relative path, another name, in another order; URLs and missing files by their address."""
    first, second = photos(2)
    judged = rows_of([first, second, "https://example.org/a.jpg", "gone.png", None], store)
    for row in range(5):
        say(judged, row, f"said {row}")
    assert recalled(rows_of([f"./{second}", first], store)) == [(1, "said 0"), (0, "said 1")]
    moved = rows_of(["elsewhere.png"], store, [fingerprint(refer(second))])
    assert recalled(moved) == [(0, "said 1")]
    assert recalled(rows_of(["https://example.org/a.jpg", "gone.png"], store)) == [(0, "said 2"), (1, "said 3")]


def test_equal_pictures_share_what_was_said(store, photos):
    """Both rows are found; a digest that is none of ours is not trusted."""
    first, second = photos(2)
    say(rows_of([first], store), 0)
    digest = fingerprint(refer(first))
    assert recalled(rows_of(["copy1.png", "copy2.png"], store, [digest, digest])) == [(0, "accepted"), (1, "accepted")]
    assert recalled(rows_of([first, second], store, ["d41d8", pd.NA])) == [(0, "accepted")]


def test_pictures_in_memory_are_found_by_content(store, photos):
    """Also when they came as data URLs, which are no place."""
    with open(photos(1)[0], "rb") as file:  # noqa: PTH123
        data = file.read()
    say(rows_of([data], store), 0)
    assert recalled(rows_of([bytearray(data)], store)) == [(0, "accepted")]
    import base64

    url = "data:image/png;base64," + base64.b64encode(data).decode()
    assert recalled(rows_of([url], store)) == [(0, "accepted")]
