"""Limits come from the settings, together."""

from __future__ import annotations

import pytest

from vlmkit import settings
from vlmkit.errors import BadSetting, ImageTooLarge
from vlmkit.sources import Limits, normalize, refer


def test_limits_are_settings() -> None:
    """Each may be set for the session, and holds from the next picture on."""
    assert Limits.in_force() == Limits(
        largest_image_bytes=512 * 1024**2,
        largest_image_pixels=180_000_000,
        largest_download_bytes=64 * 1024**2,
        download_timeout_s=30.0,
        allow_private_hosts=False,
        image_formats=None,
        isolate_images=False,
        image_timeout_s=60.0,
    )
    assert Limits.in_force(image_formats=["PNG"], isolate_images=None).image_formats == ("png",)
    settings.use(largest_image_bytes=10, allow_private_hosts=True)
    assert Limits.in_force().allow_private_hosts
    with pytest.raises(ImageTooLarge, match="11 bytes, more than the 10 that largest_image_bytes allows"):
        normalize(refer(b"x" * 11), 100)


def test_a_wrong_limit_is_a_setup_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the variable, and is not taken for a bad picture."""
    monkeypatch.setenv("VLMKIT_LARGEST_IMAGE_PIXELS", "lots")
    with pytest.raises(BadSetting, match="environment variable VLMKIT_LARGEST_IMAGE_PIXELS"):
        normalize(refer(b"x"), 100)
