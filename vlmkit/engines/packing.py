"""How a checkpoint's weights are packed (quantized), and how many weights the packed ones stand for.

MLX writes the table ``quantization``, transformers ``quantization_config``, some models within the settings of their
text model. Packed weights are words of 32 bits; each group of them shares a scale and, in MLX, a bias.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

__all__ = ["Packing", "count_weights", "count_weights_by_type", "estimate_weights", "packing_of"]

_KEYS = ("quantization", "quantization_config")
_TEXTS = ("text_config", "llm_config")
# Ways of packing that mlx_vlm unpacks; one that is its own names none.
_METHODS = frozenset({"compressed-tensors", "mxfp4", "fp8", "modelopt"})
_WORD_BITS = {"U32": 32, "I32": 32}
_USUAL_BITS, _USUAL_GROUP = 4, 64
_SCALE_BYTES = 2
_BYTES_OF = {"float32": 4, "float64": 8}
_HALF_BYTES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Packing:
    """How weights are packed.

    Attributes
    ----------
    method : str or None
        As transformers names it; None is MLX's own.
    mode : str
        Of MLX's own, as ``"affine"``.
    bits : int or None
        Of one weight; None where the configuration does not say it.
    group : int
        Weights that share a scale.
    table : mapping
        Of the configuration; modules that are packed otherwise stand in it by name.
    """

    method: str | None = None
    mode: str = "affine"
    bits: int | None = None
    group: int = _USUAL_GROUP
    table: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether mlx_vlm unpacks it."""
        return self.method is None or self.method in _METHODS

    @property
    def bits_in_words(self) -> str | None:
        """As ``"4-bit"``."""
        return f"{self.bits}-bit" if self.bits else None

    def bits_of(self, module: str) -> int:
        """Bits of a weight of a module, which may be packed otherwise than the others.

        Parameters
        ----------
        module : str
        """
        own = self.table.get(module)
        return (_count(own.get("bits")) if isinstance(own, Mapping) else self.bits) or _USUAL_BITS

    def __str__(self) -> str:
        method = self.method or f"mlx {self.mode}"
        return f"{method}, {self.bits_in_words}" if self.bits else method


def packing_of(config: Mapping[str, Any]) -> Packing | None:
    """How the weights of a configuration are packed; None where they are plain.

    Parameters
    ----------
    config : mapping
        Of config.json.
    """
    places = (config, *(_table(config, key) for key in _TEXTS))
    table = next(filter(None, (_table(place, key) for place in places for key in _KEYS)), None)
    if table is None:
        return None
    method = table.get("quant_method")
    return Packing(
        method=method if isinstance(method, str) and method else None,
        mode=str(table.get("mode") or "affine"),
        bits=_count(table.get("bits")),
        group=_count(table.get("group_size")) or _USUAL_GROUP,
        table=table,
    )


def count_weights(header: Mapping[str, Mapping[str, Any]], packing: Packing | None) -> int:
    """Weights in a safetensors file, unpacked; scales and biases of packed ones are not counted.

    Parameters
    ----------
    header : mapping of str to mapping
        Of the file: dtype and shape by name of the tensor.
    packing : Packing or None
    """
    total = 0
    for tensor, entry in header.items():
        module = tensor.removesuffix(".weight")
        if tensor.endswith((".scales", ".biases")) and f"{tensor.rpartition('.')[0]}.weight" in header:
            continue
        elements = prod(entry["shape"])
        if entry["dtype"] == "U32" and f"{module}.scales" in header:
            elements = elements * _WORD_BITS["U32"] // (packing or Packing()).bits_of(module)
        total += elements
    return total


def count_weights_by_type(elements: Mapping[str, int], packing: Packing | None) -> int:
    """Weights, unpacked, by what the Hub counted of each type.

    Parameters
    ----------
    elements : mapping of str to int
        Entries of all tensors by type, as ``"BF16"``.
    packing : Packing or None
    """
    if packing is None or packing.bits is None:
        return sum(elements.values())
    plain = sum(count for kind, count in elements.items() if kind not in _WORD_BITS)
    packed = sum(elements.get(kind, 0) * width // packing.bits for kind, width in _WORD_BITS.items())
    return plain + packed - min(plain, 2 * packed // packing.group)


def estimate_weights(weight_bytes: int, config: Mapping[str, Any]) -> int:
    """About how many weights there are, unpacked, by the size of their files.

    Parameters
    ----------
    weight_bytes : int
    config : mapping
        Of config.json.
    """
    packing = packing_of(config)
    if packing is not None and packing.bits is not None:
        return int(weight_bytes / (packing.bits / 8 + 2 * _SCALE_BYTES / packing.group))
    named = config.get("dtype") or config.get("torch_dtype")
    return weight_bytes // (_BYTES_OF.get(named, _HALF_BYTES) if isinstance(named, str) else _HALF_BYTES)


def _table(settings: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = settings.get(key)
    return value if isinstance(value, Mapping) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
