"""In which number format the weights live here, and whether they fit.

On a CPU only single precision reaches the BLAS: half precision and packed weights run in loops 2 to 70 times slower, so
they are widened at load. Where memory is short the big matrices stay half precision and only what flows through them is
single. Metal and CUDA compute in the checkpoint's own format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from vlmkit.errors import ModelLoadFailed

__all__ = ["Precision", "choose", "convert"]

Precision = Literal["checkpoint", "float32", "mixed"]

_GIB = 2**30
# Room for activations, KV caches and the temporary copy of the largest weight.
_SPARE_BYTES = _GIB // 2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Need:
    precision: Precision
    total_bytes: int


def choose(name: str, *, parameters: int, checkpoint_bytes: int, on_cpu: bool, memory_bytes: int | None) -> Precision:
    """Best format that fits.

    Parameters
    ----------
    name : str
        For messages.
    parameters : int
        Weights of the model, unpacked.
    checkpoint_bytes : int
    on_cpu : bool
    memory_bytes : int or None
        What is free; None where it cannot be known, and then nothing is refused.

    Raises
    ------
    ModelLoadFailed
        No format fits.
    """
    wide = [
        _Need(precision="float32", total_bytes=4 * parameters),
        _Need(precision="mixed", total_bytes=2 * parameters),
    ]
    needs = wide if on_cpu else [_Need(precision="checkpoint", total_bytes=checkpoint_bytes)]
    if memory_bytes is None:
        return needs[0].precision
    for need in needs:
        if need.total_bytes + min(_SPARE_BYTES, need.total_bytes) <= memory_bytes:
            return need.precision
    message = (
        f"{name} needs {needs[-1].total_bytes / _GIB:.1f} GiB of memory, and {memory_bytes / _GIB:.1f} GiB are free. "
        "Close other programs or models, or name a smaller model"
        + ("." if on_cpu else " or a 4-bit version of this one.")
    )
    raise ModelLoadFailed(message)


def convert(model: Any, precision: Precision) -> None:
    """Bring a model's weights into a format, in place; lazily, nothing is computed yet."""
    import mlx.core as mx
    from mlx.utils import tree_map_with_path

    if precision == "checkpoint":
        return

    def widened(path: str, weight: Any) -> Any:
        if not mx.issubdtype(weight.dtype, mx.floating):
            return weight
        keep_narrow = precision == "mixed" and weight.ndim == 2 and not _at_the_edge(path)
        return weight.astype(mx.bfloat16 if keep_narrow else mx.float32)

    model.update(tree_map_with_path(widened, model.parameters()))


def _at_the_edge(path: str) -> bool:
    """Embeddings decide the precision of what flows through; the head is too big to be widened at each token."""
    return "embed" in path or "lm_head" in path
