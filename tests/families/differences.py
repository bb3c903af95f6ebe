"""Where an engine does not do what transformers does, and why; a repair makes its row wrong, which a test says.

Reasons are read by people: they stand in the table that vlmkit ships.
"""

from dataclasses import dataclass

from tests.families import asks, checkpoint


@dataclass(frozen=True)
class Difference:
    """Questions of a family that come out otherwise.

    Attributes
    ----------
    family : str
    why : str
    questions : tuple of str
        Of `asks.QUESTIONS`.
    layouts : tuple of str
    within : float, default 0.0
        Greatest difference of the first logits where ids and tokens are right; 0 where they are not.
    """

    family: str
    why: str
    questions: tuple[str, ...]
    layouts: tuple[str, ...]
    within: float = 0.0


ALL = tuple(asks.QUESTIONS)
_BOTH = checkpoint.LAYOUTS
_V5 = ("v5",)
DIFFERENCES = tuple(
    Difference(*row)
    for row in (
        ("aya_vision", "logits are scaled as the model was trained, which transformers leaves out", ALL, _BOTH, 10.0),
        ("florence2", "mlx_vlm knows its tower under an older name alone", ALL, _BOTH),
        ("glm4v_moe", "a setting that transformers 5 leaves out is missing", ALL, _V5),
        ("glm_ocr", "mlx_vlm does not read the tower's settings", ALL, _V5),
        ("granite4_vision", "mlx_vlm knows the head of its tower under older names alone", ALL, _V5),
        ("molmo2", "a pixel halfway between two levels of 255 may become either", ALL, ("v4",), 0.03),
        ("molmo2", "mlx_vlm does not read the tower's settings", ALL, _V5),
        ("qwen3_vl_moe", "experts lie the other way round than mlx_vlm thinks", ALL, _V5),
    )
)
# One picture an ask is all that mlx_vlm gives them.
ONE_PICTURE = frozenset({"granite4_vision", "mllama"})
# mlx_vlm lets a padded row attend to its padding, or fails on a batch; the engine finds out and answers one by one.
ONE_BY_ONE = frozenset({"granite4_vision", "mllama"})
# What cannot be opened in the layout of the originals, or is refused.
UNREADABLE = frozenset({"florence2"})


# Recordings of one family that differ in kind, as people call them.
VARIANTS = {
    "internvl_qwen2": "with Qwen2 as its text model",
    "paligemma2": "PaliGemma 2",
    "pixtral": "with a Pixtral tower",
}


def known(family, layout, question):
    """What is known to be otherwise; None where nothing is."""
    rows = (row for row in DIFFERENCES if family == row.family and layout in row.layouts and question in row.questions)
    return next(rows, None)
