"""Texts beside pictures: what is there already decides."""

import pytest

from vlmkit.exporters import to_sidecars, to_xmp
from vlmkit.exporters.side_files import Content, decide

OLD, NEW = Content("old"), Content("new")


@pytest.mark.parametrize(
    ("before", "how", "action", "after"),
    [
        (None, "fail", "create", "new"),
        (Content("  "), "skip", "create", "new"),
        (NEW, "fail", "unchanged", "new"),
        (OLD, "fail", "conflict", "new"),
        (OLD, "skip", "skip", "old"),
        (OLD, "overwrite", "replace", "new"),
        (OLD, "append", "append", "old, new"),
        (OLD, "prepend", "prepend", "new, old"),
        (Content("old, new"), "append", "unchanged", "old, new"),
        (Content("new, old"), "prepend", "unchanged", "new, old"),
        (Content("renew"), "append", "append", "renew, new"),
    ],
)
def test_one_text(before, how, action, after):
    """Nothing is said twice, however often a cell runs."""
    found = decide(before, NEW, how, ", ")
    assert (found[0], str(found[1])) == (action, after)


@pytest.mark.parametrize("left", [b"", b"\0\0\0"])
def test_what_a_power_cut_left_is_no_text(photos, captions, left):
    """The next run writes it."""
    for name in ("a.txt", "a.jpg.xmp"):
        (photos / name).write_bytes(left)
    assert (to_sidecars(captions)["action"] == "create").all()
    assert (to_xmp(captions)["action"] == "create").all()


def test_text_files_of_tags_are_united():
    """Each tag once; prose is not taken apart, nor is what a person wrote set anew."""
    assert decide(Content("a,b , c"), Content("c, d"), "append", ", ", is_tags=True) == (
        "append",
        Content("a,b , c, d"),
    )
    assert decide(Content("a, b"), Content("b"), "prepend", ", ", is_tags=True)[0] == "unchanged"
    before = Content("A dog, running")
    assert decide(before, Content("A dog, in snow"), "append", ", ")[1] == Content("A dog, running, A dog, in snow")


def test_tags_are_united():
    """When texts are joined, so are tags; those that are there come first."""
    before, new = Content("", ("a", "b")), Content("text", ("b", "c"))
    assert decide(before, new, "append", " ") == ("append", Content("text", ("a", "b", "c")))
    assert str(Content("text", ("a",))) == "text [a]"


def test_nothing_is_written_where_one_must_stay(photos, captions):
    """The fifth file refuses, and the first four are not written."""
    hand_made = photos / "ü 猫 #1 [x]%20.txt"
    hand_made.write_text("by hand", encoding="utf-8")
    with pytest.raises(Exception, match=r"differ: .*\[x\]%20.txt. Nothing was written"):
        to_sidecars(captions)
    assert list(photos.rglob("*.txt")) == [hand_made]


def test_a_file_of_another_encoding_is_left_alone(photos, captions):
    """Its text cannot be joined or compared; replacing it keeps a copy."""
    (photos / "a.txt").write_bytes(b"caf\xe9")
    with pytest.warns(UserWarning, match=r"1 of 5 rows are left out; the first: .*a\.txt: not UTF-8"):
        account = to_sidecars(captions, if_exists="append")
    assert "correct or remove this file" in account["reason"].dropna().tolist()[0]
    assert (photos / "a.txt").read_bytes() == b"caf\xe9"
    to_sidecars(captions, if_exists="overwrite")
    assert (photos / "a.txt").read_text(encoding="utf-8") == "caption of a.jpg"


def test_two_pictures_do_not_share_a_file(photos, captions):
    """`a.jpg` and `a.png` would: the second is left out, and says why."""
    (photos / "a.png").write_bytes((photos / "a.jpg").read_bytes())
    captions.loc[1, "path"] = str(photos / "a.png")
    with pytest.warns(UserWarning, match=r"1 of 5 rows are left out; the first: row 0 has the same file, a\.txt"):
        account = to_sidecars(captions)
    assert account["reason"].dropna().tolist() == [
        "row 0 has the same file, a.txt, and a trainer gives its text to both; rename one of the two pictures."
    ]
    assert (photos / "a.txt").read_text(encoding="utf-8") == "caption of a.jpg"
