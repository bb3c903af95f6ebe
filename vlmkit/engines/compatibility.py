"""Whether a model would be right and would fit here, told from its settings before its weights are downloaded."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from vlmkit.backends import Compatibility
from vlmkit.engines import desk, inspection
from vlmkit.engines.device import choose_precision
from vlmkit.engines.families.verdicts import serving, verdict
from vlmkit.engines.load_errors import import_fault
from vlmkit.engines.packing import Packing, packing_of
from vlmkit.engines.published import Published, published
from vlmkit.engines.resolution import resolution_of
from vlmkit.errors import ModelLoadFailed, VlmkitError
from vlmkit.memory import available_bytes

if TYPE_CHECKING:
    from vlmkit.engines.families.audit import Audit

__all__ = ["compatibility_of"]

_CODE_OF_PICTURES = ("AutoProcessor", "AutoImageProcessor")


def compatibility_of(name: str, revision: str | None = None) -> Compatibility:
    """What is known of a checkpoint before it is downloaded or loaded.

    Parameters
    ----------
    name : str
        ``"tiny"``, a Hub id, or a directory.
    revision : str or None, default None
        Branch, tag or commit on the Hub.

    Raises
    ------
    ModelNotFound
        There is no such model, or it may not be looked up.
    ModelLoadFailed
        Its settings are damaged.
    MissingExtra
        mlx or mlx_vlm cannot be imported.
    BadSetting
        A revision of something that has none.
    """
    found = published(name, revision=revision)
    try:
        return desk.desk().call(partial(_judged, name, found))
    except VlmkitError:
        raise
    except Exception as error:
        message = f"{name}: its settings cannot be read ({type(error).__name__}: {error}). Get the model again."
        raise ModelLoadFailed(message) from error


def _judged(name: str, found: Published) -> Compatibility:
    """On the desk."""
    _import(name)
    config = found.config
    family = config.get("model_type")
    if not isinstance(family, str) or not family:
        return Compatibility(
            name=name,
            verdict="fails",
            obstacle=f"{name}: its config.json names no model_type, so nothing says how to run it.",
            is_here=found.is_here,
        )
    examined = _examined(config)
    failure = next(filter(None, _failures(name, found, examined)), None)
    needs_code = _needs_code(found)
    measured = verdict(family)
    size = resolution_of(found.processor, config)
    return Compatibility(
        name=name,
        family=family,
        layout=_layout_of(config),
        verdict="fails" if failure else measured.faithfulness,
        why=failure or measured.why,
        obstacle=failure or _code_obstacle(name, needs_code) or _memory_obstacle(name, found),
        settings=tuple(_settings(examined)),
        quantization=_quantization(config),
        images_per_ask=_images_per_ask(config),
        serving=serving(family),
        longest_side_px=size.longest_side_px if size else None,
        most_pixels=size.most_pixels if size else None,
        context_length=inspection.context_length_of(config),
        parameters=found.parameters,
        stored_bytes=found.weight_bytes,
        float32_bytes=None if found.parameters is None else 4 * found.parameters,
        free_bytes=available_bytes(),
        needs_code=needs_code,
        is_here=found.is_here,
    )


def _import(name: str) -> None:
    from vlmkit.engines import blas

    blas.prepare()
    try:
        with warnings.catch_warnings(action="ignore"):
            import vlmkit.engines.families.reading
            import vlmkit.engines.mlx_vlm_api  # noqa: F401  what is asked below needs it
    except ImportError as error:
        raise import_fault(name, error) from error


def _examined(config: dict[str, Any]) -> Audit | None:
    """Both readings of the settings; None where there is none to compare with."""
    from vlmkit.engines import mlx_vlm_api
    from vlmkit.engines.families import audit

    if "model_file" in config or not mlx_vlm_api.knows(config):
        return None  # what code of its own makes of it, or a newer mlx_vlm, cannot be told
    return audit.audit_config(config)


def _failures(name: str, found: Published, examined: Audit | None) -> Iterator[str | None]:
    """What would end a load, in the order in which one would find it."""
    from vlmkit.engines import loading

    yield found.fault
    if "model_file" in found.config:
        return
    yield _fault_of(lambda: loading.check_family(name, found.config))
    yield _fault_of(lambda: loading.check_settings(name, found.config["model_type"], found.missing, "it"))
    if examined is not None:
        yield _fault_of(lambda: loading.check_readings(name, examined))
        yield _building_fault(name, examined.config)
    yield _packing_fault(name, packing_of(found.config))


def _fault_of(look: Any) -> str | None:
    try:
        look()
    except ModelLoadFailed as error:
        return str(error)
    return None


def _building_fault(name: str, config: dict[str, Any]) -> str | None:
    """Why the model cannot be built; its weights are not computed for that, so that size does not matter."""
    from vlmkit.engines import mlx_vlm_api, repairs

    try:
        with warnings.catch_warnings(action="ignore"), repairs.prepared(config):
            mlx_vlm_api.build_model(config)
    except Exception as error:  # noqa: BLE001  whatever a family's code raises, a load would meet it, too
        return (
            f"{name}: mlx_vlm {mlx_vlm_api.VERSION} cannot build it from its settings ({type(error).__name__}: "
            f"{error}). Use a newer vlmkit, or serve the model with another engine and name it so (vllm:…, ollama:…)."
        )
    return None


def _packing_fault(name: str, packing: Packing | None) -> str | None:
    if packing is None or packing.is_known:
        return None
    return (
        f"{name}: its weights are packed by {packing.method}, which mlx_vlm does not unpack. "
        "Use the original weights, or a version packed for MLX."
    )


def _quantization(config: Mapping[str, Any]) -> str | None:
    packing = packing_of(config)
    return None if packing is None else str(packing)


def _layout_of(config: Mapping[str, Any]) -> str:
    from vlmkit.engines.families.reading import layout_of

    return layout_of(config)


def _images_per_ask(config: dict[str, Any]) -> int | None:
    from vlmkit.engines import repairs
    from vlmkit.engines.opening import images_per_ask

    return images_per_ask(config["model_type"], takes_several=repairs.may_take_several(config))


def _settings(examined: Audit | None) -> Iterator[str]:
    """What is read otherwise, where anything can be said of it."""
    for found in examined.differences if examined else ():
        yield f"{found}; {'read here as transformers does' if found.repaired else 'not made up for'}"


def _needs_code(found: Published) -> bool:
    """Whether neither library has a class for what the checkpoint ships code for."""
    if "model_file" in found.config:
        return True
    named = [table.get("auto_map") for table in (found.config, found.processor, found.tokenizer)]
    own = {key for table in named if isinstance(table, dict) for key in table}
    return (bool(own & set(_CODE_OF_PICTURES)) and not _has_processor(found)) or (
        "AutoTokenizer" in own and not _has_tokenizer(found)
    )


def _has_processor(found: Published) -> bool:
    import transformers

    from vlmkit.engines import mlx_vlm_api

    named = (found.processor.get(key) for key in ("processor_class", "image_processor_type"))
    known = any(isinstance(name, str) and hasattr(transformers, name) for name in named)
    return known or mlx_vlm_api.has_processor(found.config)


def _has_tokenizer(found: Published) -> bool:
    import transformers

    named = found.tokenizer.get("tokenizer_class")
    return isinstance(named, str) and any(hasattr(transformers, each) for each in (named, f"{named}Fast"))


def _code_obstacle(name: str, needs_code: bool) -> str | None:
    if not needs_code:
        return None
    return (
        f"{name} works only with code of its own, and code from a checkpoint can do anything you can. Having read it, "
        f"allow it with allow_code={name!r}."
    )


def _memory_obstacle(name: str, found: Published) -> str | None:
    import mlx.core as mx

    if found.parameters is None or found.weight_bytes is None:
        return None
    parameters, weight_bytes = found.parameters, found.weight_bytes
    return _fault_of(
        lambda: choose_precision(
            name,
            parameters=parameters,
            checkpoint_bytes=weight_bytes,
            on_cpu=mx.default_device() == mx.Device(mx.cpu),
            memory_bytes=available_bytes(),
        )
    )
