"""How large a chat request may be, and what stands in for what it does not say."""

from __future__ import annotations

from dataclasses import dataclass, field

from vlmkit import sources

__all__ = ["ChatLimits"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatLimits:
    """Limits of one request.

    Attributes
    ----------
    max_tokens : int, default 1024
        Of an answer whose request names no limit; fewer where the model's context ends before.
    temperature : float, default 1.0
        Where a request names none, as OpenAI has it.
    timeout_s : float or None, default None
        How long the model may work on one answer.
    most_choices : int, default 8
    most_messages : int, default 2000
    most_tools : int, default 128
    most_stops : int, default 16
    most_pictures : int, default 20
        In all messages together.
    most_pictures_a_message : int, default 5
    most_picture_bytes : int, default 20 MiB
        Of one file, as it was before base64.
    image_limits : sources.Limits
        Of every picture. The default is what the settings say when this is made: looking for their files each time
        would cost as much as reading the picture.

    Raises
    ------
    BadSetting
        A setting about pictures cannot be used.
    """

    max_tokens: int = 1024
    temperature: float = 1.0
    timeout_s: float | None = None
    most_choices: int = 8
    most_messages: int = 2000
    most_tools: int = 128
    most_stops: int = 16
    most_pictures: int = 20
    most_pictures_a_message: int = 5
    most_picture_bytes: int = 20 * 2**20
    image_limits: sources.Limits = field(default_factory=sources.Limits.in_force)
