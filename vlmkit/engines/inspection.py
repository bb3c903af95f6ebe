"""What a checkpoint's files say before anything of it is loaded, and what must not be loaded at all.

A checkpoint is data from a stranger: it may name code of its own, pickle its weights, or be half a download.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from vlmkit.engines import bounds, checkpoint_files
from vlmkit.engines.packing import count_weights, packing_of
from vlmkit.errors import ModelLoadFailed, ModelNotFound

__all__ = [
    "Checkpoint",
    "context_length_of",
    "digest",
    "inspect",
    "is_weights",
    "missing_settings",
    "no_weights",
    "read_config",
]

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_OTHERS = ("*.gguf", "*.npz", "*.h5", "*.msgpack", "*.onnx")
# Any of these makes a tokenizer, any of those a processor of pictures.
_TOKENIZERS = ("tokenizer.json", "*.model", "*.tiktoken", "vocab.*", "tekken.json", "*token*.py")
_PROCESSORS = (*checkpoint_files.PROCESSOR_FILES, "*process*.py")
_SHARD = re.compile(r"(.*)-\d+-of-(\d+)\.safetensors")
_INDEX = "model.safetensors.index.json"
_CONTEXT_KEYS = ("max_position_embeddings", "max_sequence_length", "n_positions", "seq_length")
_TEXT_KEYS = ("text_config", "llm_config", "language_config", "thinker_config")

# A whole digest of many gigabytes would take as long as the load; past this, samples at even distances stand in.
_WHOLE_BYTES = 256 * 2**20
_SAMPLE_BYTES = 2**20
_SAMPLES = 64
_MOST_SHARDS = 10_000  # a name may say any number
# As the format's own library has it; a table takes some hundred bytes for each tensor.
_MOST_HEADER_BYTES = 100_000_000


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """An inspected directory.

    Attributes
    ----------
    directory : Path
    config : dict
        Of config.json.
    model_type : str
    parameters : int
        Weights, unpacked.
    weight_bytes : int
    quantization : str or None
        As ``"4-bit"``.
    context_length : int or None
    tensors : frozenset of str
        Names of the weights.
    missing : str
        Files without which no question can be asked, in words; empty where they are there.
    """

    directory: Path
    config: dict[str, Any]
    model_type: str
    parameters: int
    weight_bytes: int
    quantization: str | None
    context_length: int | None
    tensors: frozenset[str] = frozenset()
    missing: str = ""


def inspect(directory: Path, *, name: str, allow_code: str | None = None) -> Checkpoint:
    """Read a checkpoint's files without running or loading anything.

    Parameters
    ----------
    directory : Path
    name : str
        What messages call the model.
    allow_code : str or None
        The model whose own code may run; anything but `name` allows nothing.

    Raises
    ------
    ModelNotFound
        There is no such directory, or no config.json in it.
    ModelLoadFailed
        It carries code, has no safetensors weights, or parts of it are missing or damaged.
    """
    config = read_config(directory, name)
    _check_code(config, name, allow_code)
    model_type = _model_type_of(config, directory, name)
    files = _weight_files(directory, name)
    headers = [_header(file, name) for file in files]
    bounds.check_bounds(directory, config, [tensor["shape"] for header in headers for tensor in header.values()], name)
    packing = packing_of(config)
    return Checkpoint(
        directory=directory,
        config=config,
        model_type=model_type,
        parameters=sum(count_weights(header, packing) for header in headers),
        weight_bytes=sum(file.stat().st_size for file in files),
        quantization=packing.bits_in_words if packing else None,
        context_length=context_length_of(config),
        tensors=frozenset(tensor for header in headers for tensor in header),
        missing=missing_settings(_names(directory)),
    )


def _check_code(config: dict[str, Any], name: str, allow_code: str | None) -> None:
    if "model_file" in config and allow_code != name:
        message = (
            f"{name}: its config.json names code of its own to run ({config['model_file']!r}), and code from a "
            f"checkpoint can do anything you can. Having read it, allow it with allow_code={name!r}."
        )
        raise ModelLoadFailed(message)


def _model_type_of(config: dict[str, Any], directory: Path, name: str) -> str:
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or not model_type:
        message = f"{directory / 'config.json'} names no model_type, so nothing says how to run {name}. Get it again."
        raise ModelLoadFailed(message)
    return model_type


def digest(directory: Path, adapter: Path | None = None) -> str:
    """Digest of configuration and weights: what tells one local checkpoint from another.

    Parameters
    ----------
    directory : Path
    adapter : Path or None

    Returns
    -------
    blake2b-64 in hexadecimal; of very large weights samples are read.
    """
    folders = [directory, *([adapter] if adapter else [])]
    files = [file for folder in folders for file in (*sorted(folder.glob("*config.json")), *_safetensors(folder))]
    whole = sum(file.stat().st_size for file in files) <= _WHOLE_BYTES
    summary = hashlib.blake2b(digest_size=8)
    for file in files:
        summary.update(f"{file.name}:{file.stat().st_size}\n".encode())
        for piece in _pieces(file, whole=whole):
            summary.update(piece)
    return summary.hexdigest()


def _pieces(file: Path, *, whole: bool) -> Iterator[bytes]:
    size = file.stat().st_size
    step = _SAMPLE_BYTES if whole else max(_SAMPLE_BYTES, size // _SAMPLES)
    with checkpoint_files.opened(file, file.parent.name) as stream:
        for place in range(0, size, step):
            stream.seek(place)
            yield stream.read(_SAMPLE_BYTES)


def read_config(directory: Path, name: str) -> dict[str, Any]:
    """Contents of a checkpoint's config.json.

    Parameters
    ----------
    directory : Path
    name : str
        What messages call the model.

    Raises
    ------
    ModelNotFound
        There is no such directory, or no config.json in it.
    ModelLoadFailed
        It cannot be read.
    """
    file = directory / "config.json"
    if not directory.is_dir():
        message = f"{name}: there is no directory {directory}. Give an existing directory or a Hub id (org/name)."
        raise ModelNotFound(message)
    try:
        checkpoint_files.check_all(directory, name)
        config = checkpoint_files.read_json(file, name)
    except FileNotFoundError as error:
        message = (
            f"{name}: {directory} has no config.json, so it is not a model. Give the directory the weights are in."
        )
        raise ModelNotFound(message) from error
    except OSError as error:
        message = f"{name}: {file} cannot be read ({error}). Get the model again."
        raise ModelLoadFailed(message) from error
    if not isinstance(config, dict):
        message = f"{name}: {file} is not a JSON object. Get the model again."
        raise ModelLoadFailed(message)
    return config


def is_weights(file: str) -> bool:
    """Whether a file of a checkpoint, by its name within it, is one that weights are read from.

    Parameters
    ----------
    file : str
    """
    return fnmatch(file, "*.safetensors") and "/" not in file and file != "consolidated.safetensors"


def _names(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


def _safetensors(directory: Path) -> list[Path]:
    return sorted(file for file in directory.glob("*.safetensors") if is_weights(file.name))


def _weight_files(directory: Path, name: str) -> list[Path]:
    files = _safetensors(directory)
    if not files:
        raise ModelLoadFailed(no_weights(_names(directory), name, str(directory)))
    try:
        index = checkpoint_files.read_json(directory / _INDEX, name)
        missing = sorted(set(index["weight_map"].values()) - {file.name for file in files})
    except FileNotFoundError:
        missing = _missing_shards({file.name for file in files})
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        message = f"{name}: {directory / _INDEX} cannot be read ({error}). Get the model again."
        raise ModelLoadFailed(message) from error
    if missing:
        message = f"{name}: {directory} lacks {len(missing)} of its weight files, {missing[0]} first. Get them again."
        raise ModelLoadFailed(message)
    return files


def _missing_shards(names: set[str]) -> list[str]:
    """Files of a numbered set that are not there; one without a list of its files, too."""
    sets = {match.groups() for name in names if (match := _SHARD.fullmatch(name))}
    wanted = {
        f"{stem}-{number:0{len(count)}}-of-{count}.safetensors"
        for stem, count in sets
        for number in range(1, min(int(count), _MOST_SHARDS) + 1)
    }
    return sorted(wanted - names)


def missing_settings(files: Sequence[str]) -> str:
    """What a checkpoint lacks beside its weights, in words; empty where nothing.

    Parameters
    ----------
    files : sequence of str
        Names of its files.
    """

    def has_none(patterns: tuple[str, ...]) -> bool:
        return not any(fnmatch(file, pattern) for pattern in patterns for file in files)

    lacking = (
        (has_none(_TOKENIZERS), "a tokenizer (tokenizer.json)"),
        (has_none(_PROCESSORS), "the settings of its processor (preprocessor_config.json)"),
    )
    return " and ".join(what for is_missing, what in lacking if is_missing)


def no_weights(files: Sequence[str], name: str, place: str) -> str:
    """Why a checkpoint without .safetensors weights cannot be loaded.

    Parameters
    ----------
    files : sequence of str
        Names of its files.
    name : str
        What the message calls the model.
    place : str
        Where they are.
    """

    def has(patterns: tuple[str, ...]) -> str | None:
        return next((file for pattern in patterns for file in files if fnmatch(file, pattern)), None)

    if pickle := has(_PICKLES):
        return (
            f"{name}: its weights are in {pickle}, a pickle, which can run code when it is opened and is not read "
            "here. Use a version with .safetensors weights, or convert it on a machine you can spare."
        )
    if other := has(_OTHERS):
        return (
            f"{name}: its weights are in {other}, which mlx_vlm does not read. Use a version with .safetensors weights."
        )
    return f"{name}: {place} has no .safetensors weights. Get the model again, whole."


def _header(file: Path, name: str) -> dict[str, Any]:
    """Table of a safetensors file: tensor name to dtype, shape and place."""
    try:
        size = file.stat().st_size
        with checkpoint_files.opened(file, name) as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            # A damaged length must not ask for more memory than the file has bytes, or any table needs.
            header: dict[str, Any] = json.loads(stream.read(min(length, size, _MOST_HEADER_BYTES)))
        header.pop("__metadata__", None)
        end = 8 + length + max(map(_end, header.values()), default=0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error) as error:
        message = f"{name}: {file} is damaged ({error}). Get the model again."
        raise ModelLoadFailed(message) from error
    if size < end:
        message = f"{name}: {file} has {size} of {end} bytes, half a download perhaps. Get the model again."
        raise ModelLoadFailed(message)
    return header


def _end(tensor: dict[str, Any]) -> int:
    """Place behind a tensor's last byte."""
    if not isinstance(tensor["dtype"], str) or not all(type(side) is int and side >= 0 for side in tensor["shape"]):
        raise ValueError("a tensor has no type or no shape")
    begin, end = tensor["data_offsets"]
    if not (type(begin) is type(end) is int and 0 <= begin <= end):
        raise ValueError("a tensor lies nowhere")
    return int(end)


def context_length_of(config: Mapping[str, Any]) -> int | None:
    """Most tokens of prompt and answer together that a configuration names; None where it does not.

    Parameters
    ----------
    config : mapping
        Of config.json.
    """
    texts = [config[key] for key in _TEXT_KEYS if isinstance(config.get(key), dict)]
    found = (text.get(key) for text in (*texts, config) for key in _CONTEXT_KEYS)
    return next((length for length in found if isinstance(length, int) and length > 0), None)
