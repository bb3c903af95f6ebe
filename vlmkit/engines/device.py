"""Where MLX computes, and in which number format the weights live there.

The device is chosen before anything is loaded, and is the same for all models of a process.

On a CPU only single precision reaches the BLAS: half precision and packed weights run in loops 2 to 70 times slower, so
they are widened at load. Where memory is short the big matrices stay half precision and only what flows through them is
single. Metal and CUDA compute in the checkpoint's own format.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Literal

from vlmkit.errors import BadSetting, ModelLoadFailed

__all__ = ["Precision", "check_device", "choose_device", "choose_precision", "convert_weights"]

_NAMES = ("auto", "cpu", "gpu")


def check_device(device: str) -> None:
    """See that it is a device's name.

    Parameters
    ----------
    device : str

    Raises
    ------
    BadSetting
        It is none.
    """
    if device not in _NAMES:
        raise BadSetting(f"device: {device!r} cannot be used. Give one of {', '.join(map(repr, _NAMES))}.")


def choose_device(device: str) -> None:
    """Have MLX compute on a device from now on; on the desk, before a model is looked for.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}
        "auto" leaves it at what MLX takes: a GPU where there is one.

    Raises
    ------
    BadSetting
        There is no GPU that this MLX can use.
    ModelLoadFailed
        A model was loaded on another device already, and its streams belong to that.
    """
    if device == "auto":
        return
    from vlmkit.engines import blas

    blas.prepare()
    try:
        import mlx.core as mx
    except ImportError:  # loading says what is wrong, and what repairs it
        return
    if device == "gpu" and not mx.is_available(mx.gpu):
        raise BadSetting(
            "device: 'gpu' cannot be used, as the mlx installed here finds no GPU (vlmkit doctor shows what it finds). "
            "Give device='auto' or 'cpu'."
        )
    wanted = mx.Device(getattr(mx, device))
    if mx.default_device() == wanted:
        return
    if "mlx_vlm" in sys.modules:  # which keeps the stream that it made when it was imported
        raise ModelLoadFailed(
            f"device: {device!r} cannot be used any more, as this process has loaded a model on "
            f"{mx.default_device().type.name} before. Start a new process, and open its first model with {device!r}."
        )
    mx.set_default_device(wanted)


Precision = Literal["checkpoint", "float32", "mixed"]

_GIB = 2**30
# Room for activations, KV caches and the temporary copy of the largest weight.
_SPARE_BYTES = _GIB // 2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Need:
    precision: Precision
    total_bytes: int


def choose_precision(
    name: str, *, parameters: int, checkpoint_bytes: int, on_cpu: bool, memory_bytes: int | None
) -> Precision:
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


def convert_weights(model: Any, precision: Precision) -> None:
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
