"""What a setting's value may be."""

import math

import pytest

from vlmkit import settings_checks as checks


@pytest.mark.parametrize(
    ("check", "raw", "value"),
    [
        (checks.text, " a ", "a"), (checks.workers, "auto", "auto"), (checks.workers, "3", 3),
        (checks.timeout_s, "None", None), (checks.timeout_s, "1.5", 1.5), (checks.seconds, 0, 0.0),
        (checks.wait_s, "0.5", 0.5), (checks.count, "7", 7), (checks.retries, "0", 0), (checks.retries, 3, 3),
        (checks.flag, "On", True), (checks.load_timeout_s, "auto", "auto"),
        (checks.load_timeout_s, "none", None), (checks.keep_loaded, "no", False), (checks.keep_loaded, "5", 5.0),
        (checks.store, "replay", "replay"), (checks.store, "a/b.sqlite", "a/b.sqlite"), (checks.one_of("a"), "a", "a"),
        (checks.formats, "all", None), (checks.formats, "png, JPEG", ("jpeg", "png")),
        (checks.formats, ["heif"], ("heif",)), (checks.isolate, "Foreign", "foreign"), (checks.isolate, "yes", True),
    ],
)  # fmt: skip
def test_what_is_taken(check, raw, value):
    """As text, as a file writes it, or as Python does."""
    assert check(raw) == value


@pytest.mark.parametrize(
    ("check", "raw"),
    [
        (checks.formats, []), (checks.formats, "jpg"), (checks.formats, ["png", 3]), (checks.formats, 3),
        (checks.isolate, "some"),
        (checks.text, " "), (checks.text, 1), (checks.workers, 0), (checks.workers, True), (checks.timeout_s, 0),
        (checks.timeout_s, math.inf), (checks.seconds, -1), (checks.wait_s, 0), (checks.wait_s, math.nan),
        (checks.wait_s, True), (checks.count, 0), (checks.retries, -1), (checks.retries, 1.5), (checks.retries, True),
        (checks.retries, "two"), (checks.load_timeout_s, "soon"),
        (checks.load_timeout_s, 0), (checks.flag, "maybe"), (checks.keep_loaded, -1), (checks.store, "fales"),
        (checks.one_of("a"), "b"),
    ],
)  # fmt: skip
def test_what_is_not(check, raw):
    """The caller says so in words."""
    with pytest.raises((ValueError, TypeError)):
        check(raw)


def test_a_protection_may_be_switched_on_by_anybody_and_off_by_the_user_alone():
    """Whatever is no plain true needs consent."""
    assert checks.switches_on(True)
    assert not any(checks.switches_on(raw) for raw in (False, "true", 1, None))
