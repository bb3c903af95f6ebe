"""What is known of a checkpoint before it is downloaded: whether it would be right, and whether it fits here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

__all__ = ["Compatibility"]

_GIB = 2**30
_SHOUTED = {"wrong": "WRONG"}


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Compatibility:
    """A checkpoint, by its small files and by the list of the others; None is what they do not say.

    Attributes
    ----------
    name : str
        As it was given.
    family : str or None
        ``model_type`` of its config.json.
    layout : str or None
        ``"v4"`` as releases on the Hub have it, ``"v5"`` as transformers 5 saves it.
    verdict : str
        Its answers beside those of transformers: ``"same"``, ``"nearly"``, ``"differs"``, ``"wrong"``,
        ``"never compared"``; or ``"fails"`` where it cannot be loaded.
    why : str
        Of the verdict; empty where there is nothing to know.
    obstacle : str or None
        What keeps it from being loaded here as it is: the failure, its own code, too little memory.
    settings : tuple of str
        What mlx_vlm takes otherwise than transformers, each with what becomes of it here.
    quantization : str or None
        Method and bits, as ``"mlx affine, 4-bit"``; None where weights are plain.
    images_per_ask : int or None
    serving : str or None
        ``"batched"`` or ``"one by one"``.
    longest_side_px : int or None
        Of a picture of which the model sees every pixel; where the area is limited, of a photograph of 3:2.
    most_pixels : int or None
        Of such a picture.
    context_length : int or None
        Tokens of prompt and answer together.
    parameters : int or None
        Weights, unpacked; from the sizes of files where nobody counts them, and then about.
    stored_bytes : int or None
        Of the weights as they are stored.
    float32_bytes : int or None
        In memory at single precision, as on a CPU.
    free_bytes : int or None
        Memory that is free here now.
    needs_code : bool
        Whether it works only with code of its own, which ``allow_code`` permits.
    is_here : bool
        Whether its weights are on this machine.
    """

    name: str
    family: str | None = None
    layout: str | None = None
    verdict: str = "never compared"
    why: str = ""
    obstacle: str | None = None
    settings: tuple[str, ...] = ()
    quantization: str | None = None
    images_per_ask: int | None = None
    serving: str | None = None
    longest_side_px: int | None = None
    most_pixels: int | None = None
    context_length: int | None = None
    parameters: int | None = None
    stored_bytes: int | None = None
    float32_bytes: int | None = None
    free_bytes: int | None = None
    needs_code: bool = False
    is_here: bool = False

    @property
    def facts(self) -> dict[str, str]:
        """What is known, in words for people."""
        return {title: text for title, text in self._facts() if text}

    def _facts(self) -> Iterator[tuple[str, str]]:
        verdict = _SHOUTED.get(self.verdict, self.verdict)
        yield "answers", f"{verdict}: {self.why}" if self.why and self.verdict != "fails" else verdict
        yield "obstacle", self.obstacle or ""
        yield "family", f"{self.family or 'unknown'}{f', layout {self.layout}' if self.layout else ''}"
        yield "settings", "; ".join(self.settings)
        yield "weights", ", ".join(filter(None, [self.quantization, _count(self.parameters, "parameters")]))
        yield "memory", _memory(self)
        yield (
            "pictures",
            ", ".join(
                filter(None, [_count(self.images_per_ask, "per question"), self.serving, _side(self.longest_side_px)])
            ),
        )
        yield "context", _count(self.context_length, "tokens")
        yield "code", "writes its own code: needs allow_code" if self.needs_code else ""
        yield "here", "downloaded" if self.is_here else "not downloaded"

    def __repr__(self) -> str:
        facts = self.facts
        width = max(map(len, facts))
        return "\n".join([self.name, *(f"  {title:<{width}}  {text}" for title, text in facts.items())])

    def _repr_html_(self) -> str:
        facts = ((escape(title), escape(text)) for title, text in self.facts.items())
        rows = "".join(f"<tr><th>{title}</th><td>{text}</td></tr>" for title, text in facts)
        return f"<table><caption>{escape(self.name)}</caption>{rows}</table>"


def _count(number: int | None, what: str) -> str:
    return "" if number is None else f"{number:,} {what}"


def _side(side_px: int | None) -> str:
    return "" if side_px is None else f"longest side {side_px:,} px"


def _memory(found: Compatibility) -> str:
    needs = [
        f"{size / _GIB:.1f} GiB {how}"
        for size, how in ((found.float32_bytes, "at single precision"), (found.stored_bytes, "as stored"))
        if size is not None
    ]
    free = [] if found.free_bytes is None else [f"{found.free_bytes / _GIB:.1f} GiB free"]
    return ", ".join(needs + free) if needs else ""
