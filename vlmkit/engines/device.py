"""The device MLX computes on: chosen before anything is loaded, and the same for all models of a process."""

from __future__ import annotations

import sys

from vlmkit.errors import BadSetting, ModelLoadFailed

__all__ = ["check_name", "choose"]

_NAMES = ("auto", "cpu", "gpu")


def check_name(device: str) -> None:
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


def choose(device: str) -> None:
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
