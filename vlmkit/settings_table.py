"""Every setting there is: its names, its default, what it may be.

Takes   nothing.                 Gives  one table of settings, one of what may be said about a host.
May use settings_checks.         Never  looks up a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vlmkit import settings_checks as checks

__all__ = ["HOST_ENTRIES", "SETTINGS", "Setting"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting: how it is called in each place, and how a raw value is checked.

    Attributes
    ----------
    name : str
        Argument and `use` keyword.
    variable : str
        Environment variable.
    table, key : str
        Where it stands in ``vlmkit.toml``.
    default : object
        Value where nobody says anything; None is "not set".
    accepts : str
        What a value may be, in words for the message.
    check : callable
        Raw value to checked value; raises ValueError or TypeError.
    is_harmless : callable
        Whether a raw value may come from a file that was found and not consented to: it chooses no address, no key, no
        file, and neither widens a limit nor gives a permission.
    """

    name: str
    variable: str
    table: str
    key: str
    default: object
    accepts: str
    check: Callable[[object], object]
    is_harmless: Callable[[object], bool] = checks.needs_consent


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            name="model",
            variable="VISION_MODEL",
            table="vision",
            key="model",
            default=None,
            accepts='a model name such as "tiny" or "mlx:org/name"',
            check=checks.text,
            is_harmless=checks.chooses_no_place,
        ),
        Setting(
            name="auto_download",
            variable="VLM_AUTO_DOWNLOAD",
            table="vision",
            key="auto_download",
            default=True,
            accepts="true or false",
            check=checks.flag,
        ),
        Setting(
            name="isolate",
            variable="VLMKIT_ISOLATE",
            table="vision",
            key="isolate",
            default=False,
            accepts="true (models of this machine run in a process of their own) or false",
            check=checks.flag,
            is_harmless=checks.switches_on,
        ),
        Setting(
            name="keep_loaded",
            variable="VLMKIT_KEEP_LOADED",
            table="vision",
            key="keep_loaded",
            default=300.0,
            accepts="seconds without use after which a model is given back, true (keep it) or false (at once)",
            check=checks.keep_loaded,
            is_harmless=checks.harmless,
        ),
        Setting(
            name="list_ttl_s",
            variable="VLMKIT_LIST_TTL_S",
            table="vision",
            key="list_ttl_s",
            default=60.0,
            accepts="seconds for which a list of models stands; 0 asks every time",
            check=checks.seconds,
            is_harmless=checks.harmless,
        ),
        Setting(
            name="load_timeout_s",
            variable="VLMKIT_LOAD_TIMEOUT_S",
            table="vision",
            key="load_timeout_s",
            default="auto",
            accepts='"auto" (15 minutes and 2 more for each gigabyte), seconds above 0, or "none" for no limit',
            check=checks.load_timeout_s,
            is_harmless=checks.harmless,
        ),
        Setting(
            name="workers",
            variable="VLMKIT_WORKERS",
            table="processing",
            key="workers",
            default="auto",
            accepts='"auto" or a whole number from 1 up',
            check=checks.workers,
            is_harmless=checks.harmless,
        ),
        Setting(
            name="timeout_s",
            variable="VLM_TIMEOUT_SECONDS",
            table="processing",
            key="timeout_s",
            default=None,
            accepts='a number of seconds above 0, or "none" for no limit',
            check=checks.timeout_s,
            is_harmless=checks.harmless,
        ),
        Setting(
            name="silence_s",
            variable="VLMKIT_SILENCE_S",
            table="processing",
            key="silence_s",
            default=60.0,
            accepts='seconds above 0 for which a server may say nothing at all, or "none" for no limit',
            check=checks.timeout_s,
            is_harmless=checks.harmless,
        ),
        Setting(
            name="max_retries",
            variable="VLMKIT_MAX_RETRIES",
            table="processing",
            key="max_retries",
            default=3,
            accepts="a whole number from 0 (ask once) up",
            check=checks.retries,
            is_harmless=checks.harmless,
        ),
        Setting(
            name="first_wait_s",
            variable="VLMKIT_FIRST_WAIT_S",
            table="processing",
            key="first_wait_s",
            default=0.5,
            accepts="seconds above 0, the longest wait before a row is asked a second time",
            check=checks.wait_s,
            is_harmless=checks.harmless,
        ),
        Setting(
            name="longest_wait_s",
            variable="VLMKIT_LONGEST_WAIT_S",
            table="processing",
            key="longest_wait_s",
            default=30.0,
            accepts="seconds above 0, the longest wait before a row is asked again",
            check=checks.wait_s,
            is_harmless=checks.harmless,
        ),
        Setting(
            name="on_timeout",
            variable="VLM_TIMEOUT_BEHAVIOR",
            table="processing",
            key="on_timeout",
            default="error",
            accepts='"error", "fallback" or "continue"',
            check=checks.one_of("error", "fallback", "continue"),
            is_harmless=checks.harmless,
        ),
        Setting(
            name="largest_image_bytes",
            variable="VLMKIT_LARGEST_IMAGE_BYTES",
            table="images",
            key="largest_bytes",
            default=512 * 1024**2,
            accepts="a whole number of bytes from 1 up",
            check=checks.count,
        ),
        Setting(
            name="largest_image_pixels",
            variable="VLMKIT_LARGEST_IMAGE_PIXELS",
            table="images",
            key="largest_pixels",
            default=180_000_000,
            accepts="a whole number of pixels from 1 up",
            check=checks.count,
        ),
        Setting(
            name="image_formats",
            variable="VLMKIT_IMAGES_FORMATS",
            table="images",
            key="formats",
            default=None,
            accepts=f'"all", or any of {", ".join(sorted(checks.FORMATS))}, as a list or with commas between them',
            check=checks.formats,
        ),
        Setting(
            name="isolate_images",
            variable="VLMKIT_IMAGES_ISOLATE",
            table="images",
            key="isolate",
            default=False,
            accepts='true (decode in processes apart), "foreign" (only what comes from URLs and archives) or false',
            check=checks.isolate,
        ),
        Setting(
            name="image_timeout_s",
            variable="VLMKIT_IMAGES_TIMEOUT_S",
            table="images",
            key="timeout_s",
            default=60.0,
            accepts='a number of seconds above 0, or "none" for no limit',
            check=checks.timeout_s,
        ),
        Setting(
            name="largest_download_bytes",
            variable="VLMKIT_LARGEST_DOWNLOAD_BYTES",
            table="remote",
            key="largest_bytes",
            default=64 * 1024**2,
            accepts="a whole number of bytes from 1 up",
            check=checks.count,
        ),
        Setting(
            name="download_timeout_s",
            variable="VLMKIT_DOWNLOAD_TIMEOUT_S",
            table="remote",
            key="timeout_s",
            default=30.0,
            accepts='a number of seconds above 0, or "none" for no limit',
            check=checks.timeout_s,
        ),
        Setting(
            name="allow_private_hosts",
            variable="VLMKIT_ALLOW_PRIVATE_HOSTS",
            table="remote",
            key="allow_private_hosts",
            default=False,
            accepts="true or false",
            check=checks.flag,
        ),
        Setting(
            name="allow_remote",
            variable="VLMKIT_ALLOW_REMOTE",
            table="privacy",
            key="allow_remote",
            default=False,
            accepts="true (pictures may be sent to other machines) or false",
            check=checks.flag,
        ),
        Setting(
            name="store",
            variable="VLMKIT_STORE",
            table="store",
            key="path",
            default=True,
            accepts='a file, true for the default file, false for none, "replay" or "replay:FILE" to ask no model',
            check=checks.store,
        ),
    )
}

HOST_ENTRIES: Mapping[str, Callable[[object], object]] = {
    "url": checks.text,
    "key_variable": checks.text,
    "requests_per_minute": checks.timeout_s,
    "tokens_per_minute": checks.timeout_s,
    "parallel_asks": checks.count,
    "ca_file": checks.text,
    "verify": checks.flag,
}
"""Entries of ``[hosts.NAME]``, and how each is checked."""
