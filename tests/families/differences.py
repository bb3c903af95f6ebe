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
        Greatest difference of the first logits where ids are right and the difference is small; 0 where it is not.
    """

    family: str
    why: str
    questions: tuple[str, ...]
    layouts: tuple[str, ...]
    within: float = 0.0


ALL = tuple(asks.QUESTIONS)
_SEEING = tuple(name for name, question in asks.QUESTIONS.items() if question.pictures)
_UNEVEN = tuple(name for name in _SEEING if name != "square")
_SEVERAL = ("two", "turns")
_BOTH = checkpoint.LAYOUTS
_V4, _V5 = ("v4",), ("v5",)
_POSITIONS = "positions are read from a setting that transformers 5 writes under another name"
_UNREAD = "mlx_vlm does not read the files that transformers 5 saves"
_QUESTION_UNEVEN = tuple(name for name in _SEEING if name != "square")
DIFFERENCES = tuple(
    Difference(*row)
    for row in (
        ("smolvlm", _POSITIONS, ALL, _V5),
        ("idefics3", _POSITIONS, ALL, _V5),
        ("idefics3_llama31", "positions of the Llama 3.1 kind are not scaled", ALL, _BOTH),
        ("idefics2", "positions of the parts of a picture are one too low", _SEEING, _V4),
        ("idefics2", _POSITIONS, ALL, _V5),
        ("qwen2_vl", _UNREAD, ALL, _V5),
        ("qwen2_5_vl", _UNREAD, ALL, _V5),
        ("qwen3_vl", _UNREAD, ALL, _V5),
        ("qwen3_vl_moe", _UNREAD, ALL, _BOTH),
        ("gemma3", _UNREAD, ALL, _V5),
        ("gemma4", "later tokens part", ("odd", "square", "system"), _V4),
        ("gemma4", _UNREAD, ALL, _V5),
        ("paligemma", _UNREAD, ALL, _V5),
        ("paligemma2", _UNREAD, ALL, _V5),
        ("llava", _UNREAD, ALL, _V5),
        ("llava_next", _UNREAD, ALL, _V5),
        ("llava_onevision", "several pictures are cut into tiles", _SEVERAL, _BOTH),
        ("mistral3", _UNREAD, ALL, _V5),
        ("internvl", "other tiles where two shapes fit equally well", ("system", "two"), _V4),
        ("internvl", "a small difference of unknown cause", ("square", "tiny"), _V4, 1e-2),
        ("internvl", _UNREAD, ALL, _V5),
        ("internvl_qwen2", "mlx_vlm's InternVL knows no Qwen2 as its text model", ALL, _BOTH),
        ("lfm2_vl", "pictures are resized a little otherwise", ("odd", "panorama"), _BOTH, 1e-2),
        ("glm4v", "positions of patches are interpolated otherwise than at the trained size", _UNEVEN, _V4),
        ("glm4v", "positions of patches are interpolated otherwise than at the trained size", _SEEING, _V5),
        ("aya_vision", "logits are scaled", ALL, _V4),
        ("aya_vision", _UNREAD, ALL, _V5),
        ("mllama", "layers that look at a picture are at work without one", ALL, _BOTH),
        ("florence2", "mlx_vlm has none but the tower under its older name", ALL, _BOTH),
    )
)


def known(family, layout, question):
    """What is known to be otherwise; None where nothing is."""
    rows = (row for row in DIFFERENCES if family == row.family and layout in row.layouts and question in row.questions)
    return next(rows, None)


# What mlx_vlm does not open in the layout of the originals.
UNREADABLE = {}
# mlx_vlm lets a padded row attend to its padding, or to another's picture; the engine finds out and does not batch.
ONE_BY_ONE = frozenset({"mllama"})
