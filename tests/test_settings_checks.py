"""What a setting's value may be."""

import math
from pathlib import Path

import pytest

from vlmkit import settings_checks as checks


@pytest.mark.parametrize(
    ("check", "raw", "value"),
    [
        (checks.text, " a ", "a"), (checks.count_or_auto, "auto", "auto"), (checks.count_or_auto, "3", 3),
        (checks.limit, "None", None), (checks.limit, "1.5", 1.5), (checks.seconds, 0, 0.0),
        (checks.above_0, "0.5", 0.5), (checks.count, "7", 7), (checks.count_from_0, "0", 0),
        (checks.count_from_0, 3, 3),
        (checks.flag, "On", True), (checks.limit_or_auto, "auto", "auto"),
        (checks.limit_or_auto, "none", None), (checks.keep_loaded, "no", False), (checks.keep_loaded, "5", 5.0),
        (checks.store, "replay", "replay"), (checks.store, "a/b.sqlite", "a/b.sqlite"), (checks.one_of("a"), "a", "a"),
        (checks.formats, "all", None), (checks.formats, "png, JPEG", ("jpeg", "png")),
        (checks.packages, "all", None), (checks.packages, "b, Acme_VLM", ("acme-vlm", "b")), (checks.packages, [], ()),
        (checks.formats, ["heif"], ("heif",)), (checks.flag_or_foreign, "Foreign", "foreign"),
        (checks.flag_or_foreign, "yes", True), (checks.port, "0", 0), (checks.address, " ::1 ", "::1"),
        (checks.port, 65535, 65535),
        (checks.names, "a.example, b,", ("a.example", "b")), (checks.names, ["b", "a", "b"], ("b", "a")),
        (checks.names, [], ()), (checks.json_file, " a.json ", "a.json"),
        (checks.json_file, Path("a/b.JSON"), "a/b.JSON"),
    ],
)  # fmt: skip
def test_what_is_taken(check, raw, value):
    """As text, as a file writes it, or as Python does."""
    assert check(raw) == value


@pytest.mark.parametrize(
    ("check", "raw"),
    [
        (checks.packages, {"a": 1}), (checks.packages, 3), (checks.packages, [""]), (checks.packages, [3]),
        (checks.formats, []), (checks.formats, "jpg"), (checks.formats, ["png", 3]), (checks.formats, 3),
        (checks.flag_or_foreign, "some"), (checks.port, 65536), (checks.address, "???"),
        (checks.names, "a b"), (checks.names, 3), (checks.names, [" "]),
        (checks.text, " "), (checks.text, 1), (checks.count_or_auto, 0), (checks.count_or_auto, True),
        (checks.limit, 0),
        (checks.limit, math.inf), (checks.seconds, -1), (checks.above_0, 0), (checks.above_0, math.nan),
        (checks.above_0, True), (checks.count, 0), (checks.count_from_0, -1), (checks.count_from_0, 1.5),
        (checks.count_from_0, True),
        (checks.count_from_0, "two"), (checks.limit_or_auto, "soon"),
        (checks.limit_or_auto, 0), (checks.flag, "maybe"), (checks.keep_loaded, -1), (checks.store, "fales"),
        (checks.one_of("a"), "b"), (checks.json_file, True), (checks.json_file, "a.toml"),
    ],
)  # fmt: skip
def test_what_is_not(check, raw):
    """The caller says so in words."""
    with pytest.raises((ValueError, TypeError)):
        check(raw)


def test_a_protection_may_be_switched_on_by_anybody_and_off_by_the_user_alone():
    """Whatever is not a plain true needs consent."""
    assert checks.switches_on(True)
    assert not any(checks.switches_on(raw) for raw in (False, "true", 1, None))
