"""What a checkpoint's files say, and every way they can be unsafe, missing or damaged."""

import json
import os
import shutil
import struct

import pytest

from vlmkit.engines.inspection import digest, inspect
from vlmkit.errors import ModelLoadFailed, ModelNotFound

CONFIG = {"model_type": "smolvlm", "text_config": {"max_position_embeddings": 512}, "vision_config": {}}


def safetensors(tensors, extra=b""):
    """Bytes of a safetensors file: name to (dtype, shape, number of bytes)."""
    header, place = {"__metadata__": {"format": "mlx"}}, 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [place, place + size]}
        place += size
    packed = json.dumps(header).encode()
    return struct.pack("<Q", len(packed)) + packed + bytes(place) + extra


@pytest.fixture
def directory(tmp_path):
    """A sound checkpoint of 6 weights."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "model.safetensors").write_bytes(safetensors({"a.weight": ("F32", [2, 3], 24)}))
    return tmp_path


def look(directory, **options):
    return inspect(directory, name="org/name", **options)


def test_a_sound_checkpoint_tells_its_facts(directory):
    """Nothing is loaded for them."""
    found = look(directory)
    assert (found.model_type, found.parameters, found.quantization, found.context_length) == ("smolvlm", 6, None, 512)
    assert found.weight_bytes == (directory / "model.safetensors").stat().st_size


def test_packed_weights_count_as_what_they_stand_for(directory):
    """64 weights of 4 bits in 8 words; 16 of 8 bits, as their own entry says; scales and biases are none."""
    packed = {
        "a.weight": ("U32", [8, 1], 32),
        "a.scales": ("F16", [2, 1], 4),
        "a.biases": ("F16", [2, 1], 4),
        "b.weight": ("U32", [4, 1], 16),
        "b.scales": ("F16", [1, 1], 2),
        "norm.weight": ("F16", [5], 10),
    }
    (directory / "model.safetensors").write_bytes(safetensors(packed))
    quantization = {"group_size": 32, "bits": 4, "b": {"bits": 8, "group_size": 16}}
    (directory / "config.json").write_text(json.dumps(CONFIG | {"quantization": quantization}))
    found = look(directory)
    assert (found.parameters, found.quantization) == (64 + 16 + 5, "4-bit")


@pytest.mark.parametrize(
    ("config", "length"),
    [
        ({"max_position_embeddings": 9}, 9),
        ({"llm_config": {"max_position_embeddings": 7}, "max_position_embeddings": 9}, 7),
        ({"text_config": {"max_position_embeddings": None}, "max_sequence_length": 5}, 5),
        ({}, None),
    ],
)
def test_the_context_length_is_found_where_families_put_it(directory, config, length):
    """The text model's own entry first."""
    (directory / "config.json").write_text(json.dumps({"model_type": "x"} | config))
    assert look(directory).context_length == length


def broken(directory, how):
    """Break a checkpoint in one way."""
    weights, config = directory / "model.safetensors", directory / "config.json"
    data = weights.read_bytes()
    index = directory / "model.safetensors.index.json"
    ways = {
        "code": lambda: (directory / "config.json").write_text(json.dumps(CONFIG | {"model_file": "model.py"})),
        "no type": lambda: (directory / "config.json").write_text("{}"),
        "no json": lambda: (directory / "config.json").write_text("{"),
        "no object": lambda: (directory / "config.json").write_text("[1]"),
        "pickle": lambda: weights.rename(directory / "pytorch_model.bin"),
        "gguf": lambda: weights.rename(directory / "model.gguf"),
        "no weights": weights.unlink,
        "only another layout": lambda: weights.rename(directory / "consolidated.safetensors"),
        "cut": lambda: weights.write_bytes(data[:-1]),
        "empty": lambda: weights.write_bytes(b""),
        "deep config": lambda: config.write_text("[" * 100_000 + "]" * 100_000),
        "pipe for a config": lambda: (config.unlink(), os.mkfifo(config)),
        "pipe for weights": lambda: os.mkfifo(config.with_name("more.safetensors")),
        "link to a device": lambda: config.with_name("tokenizer.json").symlink_to("/dev/zero"),
        "no header": lambda: weights.write_bytes(b"\xff" * 64),
        "odd header": lambda: weights.write_bytes(struct.pack("<Q", 2) + b"[]"),
        "missing shard": lambda: index.write_text(json.dumps({"weight_map": {"a": "model-00002.safetensors"}})),
        "bad index": lambda: index.write_text("[]"),
    }
    ways[how]()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("code", r"names code of its own to run \('model.py'\).*allow_code='org/name'"),
        ("no type", "names no model_type"),
        ("deep config", "config.json cannot be read"),
        ("pipe for a config", "config.json in .* is a pipe or a device"),
        ("pipe for weights", "more.safetensors in .* is a pipe or a device"),
        ("link to a device", "tokenizer.json in .* is a pipe or a device"),
        ("no json", r"config.json cannot be read"),
        ("no object", "is not a JSON object"),
        ("pickle", r"pytorch_model.bin, a pickle, which can run code.*safetensors"),
        ("gguf", r"model.gguf, which mlx_vlm does not read"),
        ("no weights", "has no .safetensors weights"),
        ("only another layout", "has no .safetensors weights"),
        ("cut", r"has \d+ of \d+ bytes, half a download"),
        ("empty", "is damaged"),
        ("no header", "is damaged"),
        ("odd header", "is damaged"),
        ("missing shard", r"lacks 1 of its weight files, model-00002.safetensors first"),
        ("bad index", "index.json cannot be read"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_loaded(directory, how, message):
    """Unsafe, incomplete or damaged: what, where, and what to do."""
    broken(directory, how)
    with pytest.raises(ModelLoadFailed, match=message) as caught:
        look(directory)
    assert "org/name" in str(caught.value)
    assert any(word in str(caught.value) for word in ("again", "Use a version", "allow_code"))


def test_code_is_allowed_by_the_models_name_alone(directory):
    """Any other word allows nothing."""
    broken(directory, "code")
    assert look(directory, allow_code="org/name").model_type == "smolvlm"
    for word in (None, "", "org/other", "mlx:org/name"):
        with pytest.raises(ModelLoadFailed):
            look(directory, allow_code=word)


def test_a_directory_that_is_none_or_holds_no_model_is_not_found(tmp_path):
    """Two messages, both naming the place."""
    with pytest.raises(ModelNotFound, match=r"there is no directory .*missing"):
        look(tmp_path / "missing")
    with pytest.raises(ModelNotFound, match=r"has no config.json"):
        look(tmp_path)


def test_the_digest_tells_checkpoints_apart(directory, tmp_path_factory):
    """One changed weight or setting, or an adapter, is another revision; a copy is the same one."""
    first = digest(directory)
    assert len(first) == 16
    copy = tmp_path_factory.mktemp("copy") / "copy"
    shutil.copytree(directory, copy)
    assert digest(copy) == first
    data = bytearray((copy / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (copy / "model.safetensors").write_bytes(data)
    changed = digest(copy)
    (directory / "generation_config.json").write_text("{}")
    assert len({first, changed, digest(directory), digest(directory, copy)}) == 4


def test_large_weights_are_sampled_at_both_ends_and_between(directory, monkeypatch):
    """Past the limit a change in a sample shows; the cost no longer grows with the size."""
    monkeypatch.setattr("vlmkit.engines.inspection._WHOLE_BYTES", 1000)
    monkeypatch.setattr("vlmkit.engines.inspection._SAMPLE_BYTES", 10)
    weights = directory / "model.safetensors"
    weights.write_bytes(safetensors({"a": ("U8", [6400], 6400)}))
    size = weights.stat().st_size
    first = digest(directory)
    for place in (0, size // 2 // 100 * 100, size // 64 * 63):
        data = bytearray(weights.read_bytes())
        data[place // (size // 64) * (size // 64)] ^= 1
        weights.write_bytes(data)
        second = digest(directory)
        assert second != first
        first = second


def test_a_numbered_file_that_is_not_there_is_named_without_a_list(directory):
    """The others say how many there are."""
    (directory / "model.safetensors").rename(directory / "model-00001-of-00003.safetensors")
    with pytest.raises(ModelLoadFailed, match=r"lacks 2 of its weight files, model-00002-of-00003\.safetensors first"):
        inspect(directory, name="m")
