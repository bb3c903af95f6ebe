"""A checkpoint's directory becomes a model in memory; every way that can go wrong becomes a `SetupError`.

Runs on the desk only.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from vlmkit.engines.device import choose_precision, convert_weights
from vlmkit.engines.load_errors import explain_load_error, import_fault
from vlmkit.errors import ModelLoadFailed
from vlmkit.memory import available_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from vlmkit.engines.families.audit import Audit
    from vlmkit.engines.inspection import Checkpoint
    from vlmkit.engines.language import LoadedModel

__all__ = [
    "Loaded",
    "check_family",
    "check_readings",
    "check_settings",
    "config_for_mlx_vlm",
    "free_memory",
    "load_checkpoint",
]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model in memory.

    Attributes
    ----------
    language : LoadedModel
    parameters : int
    precision : str
        ``"float32"``, ``"mixed"`` (half precision weights, single precision between them) or ``"checkpoint"``.
    memory_bytes : int
        Weights in memory.
    device : str
        ``"cpu"`` or ``"gpu"``.
    repairs : tuple of str
        What mlx_vlm does wrong with this family and is mended here, a sentence each.
    takes_several : bool
        Whether a question may hold several pictures by a repair.
    """

    language: LoadedModel
    parameters: int
    precision: str
    memory_bytes: int
    device: str
    repairs: tuple[str, ...] = ()
    takes_several: bool = False


def load_checkpoint(checkpoint: Checkpoint, *, name: str, adapter: Path | None, code_allowed: bool) -> Loaded:
    """Load an inspected checkpoint.

    Raises
    ------
    MissingExtra
        mlx or mlx_vlm cannot be imported.
    ModelLoadFailed
        mlx is for GPUs that are not here; or: unknown architecture, no vision model, weights that do not fit the code
        or the memory, a broken processor.
    """
    from vlmkit.engines import blas

    blas.prepare()
    try:
        # What libraries warn of while they are loaded is their makers' business.
        with warnings.catch_warnings(action="ignore"):
            from vlmkit.engines import kernel_patches, mlx_vlm_api, repairs
            from vlmkit.engines.families import files
            from vlmkit.engines.language import LoadedModel
    except ImportError as error:
        raise import_fault(name, error) from error
    import mlx.core as mx

    check_family(name, checkpoint.config)
    check_settings(name, checkpoint.model_type, checkpoint.missing, str(checkpoint.directory))
    on_cpu = mx.default_device() == mx.Device(mx.cpu)
    chosen = choose_precision(
        name,
        parameters=checkpoint.parameters,
        checkpoint_bytes=checkpoint.weight_bytes,
        on_cpu=on_cpu,
        memory_bytes=available_bytes(),
    )
    config = config_for_mlx_vlm(name, checkpoint.config, checkpoint.tensors)
    try:
        # The files are open until the last weight has been read.
        with files.opened(checkpoint.directory, config, checkpoint.config) as directory:
            open_files = partial(mlx_vlm_api.load_model, directory, adapter=adapter, code_allowed=code_allowed)
            with warnings.catch_warnings(action="ignore"):
                mended = repairs.load(config, partial(files.load_renamed, open_files))
            model = mended.model if chosen == "checkpoint" else mlx_vlm_api.dequantize(mended.model)
            convert_weights(model, chosen)
            mx.eval(model.parameters())
        if chosen != "checkpoint":
            kernel_patches.install()
        language = LoadedModel(name, model, mended.processor, checkpoint)
    except Exception as error:
        raise ModelLoadFailed(explain_load_error(f"{name} cannot be loaded", error, checkpoint)) from error
    return Loaded(
        language=language,
        parameters=mlx_vlm_api.parameter_count(model),
        precision=chosen,
        memory_bytes=mlx_vlm_api.weight_bytes(model),
        device="cpu" if on_cpu else "gpu",
        repairs=mended.remarks,
        takes_several=mended.takes_several,
    )


def check_family(name: str, config: dict[str, Any]) -> None:
    """Make sure that mlx_vlm has a vision-language model for a configuration.

    Parameters
    ----------
    name : str
        For messages.
    config : dict
        Of config.json.

    Raises
    ------
    ModelLoadFailed
        It has none.
    """
    from vlmkit.engines import mlx_vlm_api

    model_type = config["model_type"]
    if not mlx_vlm_api.knows(config):
        message = (
            f"{name}: mlx_vlm {mlx_vlm_api.VERSION} has no architecture {model_type!r}. "
            "Use a newer vlmkit, or a model of another family."
        )
        raise ModelLoadFailed(message)
    if not mlx_vlm_api.sees(config):
        message = (
            f"{name} is not a vision-language model: {model_type!r} takes no pictures or writes no text. "
            "Name one that does, such as a SmolVLM, Qwen-VL or Gemma 3."
        )
        raise ModelLoadFailed(message)


def check_settings(name: str, model_type: str, missing: str, place: str) -> None:
    """Make sure that a family has the files it needs beside its weights.

    Parameters
    ----------
    name : str
        For messages.
    model_type : str
    missing : str
        As `Checkpoint.missing`.
    place : str
        Where the files are.

    Raises
    ------
    ModelLoadFailed
        It lacks one.
    """
    from vlmkit.engines import mlx_vlm_api

    # Without its settings pictures would be cut and coloured by whatever mlx_vlm takes instead.
    if missing and mlx_vlm_api.has_processor_settings(model_type):
        raise ModelLoadFailed(f"{name}: {place} lacks {missing}. Get the model again, whole.")


def config_for_mlx_vlm(name: str, config: dict[str, Any], tensors: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The configuration that makes mlx_vlm compute what the model was made for.

    Parameters
    ----------
    name : str
        For messages.
    config : dict
        Of config.json.
    tensors : frozenset of str, default empty
        As `Checkpoint.tensors`, where they are known.

    Raises
    ------
    ModelLoadFailed
        There is none.
    """
    from vlmkit.engines.families import audit

    if "model_file" in config:
        return config  # read by code of the checkpoint's own
    examined = audit.audit_config(config, tensors)
    check_readings(name, examined)
    return examined.config


def check_readings(name: str, examined: Audit) -> None:
    """Make sure that mlx_vlm takes no setting otherwise than it is meant.

    Parameters
    ----------
    name : str
        For messages.
    examined : Audit

    Raises
    ------
    ModelLoadFailed
        A difference is left.
    """
    if examined.faults:
        message = (
            f"{name}: mlx_vlm takes its settings otherwise than they are meant: "
            f"{'; '.join(map(str, examined.faults))}. Use a newer vlmkit, or serve the model with another engine and "
            "name it there (vllm:…, ollama:…)."
        )
        raise ModelLoadFailed(message)


def free_memory() -> None:
    """Return freed memory to the system; on the desk, once nobody holds the model any more."""
    import gc

    import mlx.core as mx

    gc.collect()
    mx.clear_cache()
