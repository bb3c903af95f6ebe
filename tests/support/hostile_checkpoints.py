"""Checkpoints that want to harm whoever opens them, made from copies of the bundled one."""

import base64
import json
import os
import random
import shutil
import struct
from importlib.resources import files
from pathlib import Path

__all__ = ["AT_ONCE", "ENDLESS", "LATER", "make", "mutated"]

TINY = Path(str(files("vlmkit.tiny"))) / "weights"


def make(folder, change):
    """A copy of the bundled checkpoint, changed.

    Parameters
    ----------
    folder : Path
        Is made.
    change : callable
        Takes the folder.
    """
    shutil.copytree(TINY, folder)
    change(folder)
    return folder


def edited(name, **values):
    """A change that sets entries of a JSON file; a key with ``__`` goes into a table."""

    def change(folder):
        file = folder / name
        content = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        for path, value in values.items():
            *tables, key = path.split("__")
            place = content
            for table in tables:
                place = place.setdefault(table, {})
            place[key] = value
        file.write_text(json.dumps(content), encoding="utf-8")

    return change


def written(name, data):
    """A change that writes a file."""
    return lambda folder: (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def piped(name):
    """A change that puts a pipe in the place of a file."""

    def change(folder):
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return change


def linked(name, target):
    """A change that puts a link in the place of a file."""

    def change(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return change


def grown(name, size):
    """A change that makes a file as large as that, without taking the space."""
    return lambda folder: os.truncate(folder / name, size) if (folder / name).exists() else _sparse(folder / name, size)


def _sparse(file, size):
    file.write_bytes(b"")
    os.truncate(file, size)


def tokenizer(**values):
    """A change of tokenizer.json."""
    return edited("tokenizer.json", **values)


def table_of(text):
    """A table of characters with one long entry, as sentencepiece writes it."""
    return base64.b64encode(struct.pack("<I", 0) + b"a\0" + text.encode() + b"\0").decode()


def with_hidden_name(folder):
    """The normalizer's name is written with an escape, so that no search for the word finds it."""
    rule = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1000}
    tokenizer(normalizer={"type": "Sequence", "normalizers": [rule] * 8})(folder)
    file = folder / "tokenizer.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"normalizer"', '"n\\u006frmalizer"'), encoding="utf-8")


def with_table_of(length, table=b""):
    """A change of the weights' file: its table has another length, or is another one."""

    def change(folder):
        file = folder / "model.safetensors"
        file.write_bytes(struct.pack("<Q", length) + (table or file.read_bytes()[8:]))

    return change


def with_entry(**entry):
    """A change of the first tensor's entry in the table of the weights."""

    def change(folder):
        file = folder / "model.safetensors"
        data = file.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        table = json.loads(data[8 : 8 + length])
        first = next(name for name in table if name != "__metadata__")
        table[first] |= entry
        made = json.dumps(table).encode()
        file.write_bytes(struct.pack("<Q", len(made)) + made + data[8 + length :])

    return change


DEEP = "[" * 200_000 + "]" * 200_000
REPLACE = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1000}
PREPROCESSOR, CONFIG = "preprocessor_config.json", "config.json"

AT_ONCE = {
    # pipes, devices, links to them
    **{f"a pipe: {name}": piped(name) for name in (CONFIG, "model.safetensors", "tokenizer.json", PREPROCESSOR)},
    "a pipe: a template": piped("chat_template.jinja"),
    "a pipe of another name": piped("added_tokens.json"),
    "a device: config": linked(CONFIG, "/dev/zero"),
    "a device: weights": linked("model.safetensors", "/dev/zero"),
    "a device: generation": linked("generation_config.json", "/dev/urandom"),
    "a folder: config": lambda folder: ((folder / CONFIG).unlink(), (folder / CONFIG).mkdir()),
    # sizes
    "a config of 20 GB": grown(CONFIG, 20 * 2**30),
    "a template of 20 GB": grown("chat_template.jinja", 20 * 2**30),
    "a tokenizer of 20 GB": grown("tokenizer.json", 20 * 2**30),
    "an index of 20 GB": grown("model.safetensors.index.json", 20 * 2**30),
    "a processor of 20 GB": grown(PREPROCESSOR, 20 * 2**30),
    # depth
    "a deep config": written(CONFIG, DEEP),
    "a deep entry": written(CONFIG, '{"model_type": "smolvlm", "text_config": ' + DEEP + "}"),
    "a deep index": written("model.safetensors.index.json", DEEP),
    "a deep processor": written(PREPROCESSOR, '{"size": ' + DEEP + "}"),
    "a deep tokenizer": written("tokenizer.json", '{"normalizer": {"type": "Sequence", "normalizers": ' + DEEP + "}}"),
    "deep weights": with_table_of(len(DEEP), DEEP.encode()),
    # numbers against the weights
    "three million layers": edited(CONFIG, text_config__num_hidden_layers=3_000_000),
    "layers of the tower": edited(CONFIG, vision_config__num_hidden_layers=10**7),
    "layers as a fraction": edited(CONFIG, text_config__num_hidden_layers=3e9),
    "layers without end": edited(CONFIG, text_config__num_hidden_layers=float("inf")),
    "a hidden size": edited(CONFIG, text_config__hidden_size=10**9),
    "an intermediate size": edited(CONFIG, text_config__intermediate_size=10**12),
    "a vocabulary": edited(CONFIG, text_config__vocab_size=2**40),
    "heads": edited(CONFIG, text_config__num_attention_heads=2**31),
    "a number of 4,000 digits": written(
        CONFIG, '{"model_type": "smolvlm", "text_config": {"hidden_size": 1' + "0" * 4000 + "}}"
    ),
    # pictures
    "an image size": edited(CONFIG, vision_config__image_size=10**7),
    "a patch size": edited(CONFIG, vision_config__patch_size=10**9),
    "a picture's tokens": edited("processor_config.json", image_seq_len=10**9),
    "most pixels": edited(PREPROCESSOR, max_pixels=10**12, min_pixels=10**11),
    "a longest edge": edited(PREPROCESSOR, size={"longest_edge": 10**9}),
    "a height": edited(PREPROCESSOR, size={"height": 10**6, "width": 10**6}),
    "tiles": edited(PREPROCESSOR, max_tiles=10**9),
    "a nested size": edited("processor_config.json", image_processor={"size": {"longest_edge": 10**9}}),
    # tokenizers that multiply
    "a normalizer that multiplies": tokenizer(normalizer={"type": "Sequence", "normalizers": [REPLACE] * 3}),
    "one that finds nothing": tokenizer(
        normalizer={"type": "Replace", "pattern": {"Regex": "x*"}, "content": "y" * 1000}
    ),
    "prefixes in a row": tokenizer(
        normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "a" * 10}] * 5}
    ),
    "bytes in a row": tokenizer(
        pre_tokenizer={"type": "Sequence", "pretokenizers": [{"type": "ByteLevel", "add_prefix_space": False}] * 30}
    ),
    "a table": tokenizer(normalizer={"type": "Precompiled", "precompiled_charsmap": table_of("x" * 100_000)}),
    "a decoder that multiplies": tokenizer(decoder={"type": "Sequence", "decoders": [REPLACE] * 3}),
    "a template that repeats": tokenizer(
        post_processor={"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}] * 999}
    ),
    "padding": tokenizer(padding={"strategy": {"Fixed": 10**9}, "direction": "Right", "pad_id": 0}),
    "padding to a multiple": tokenizer(padding={"strategy": "BatchLongest", "pad_to_multiple_of": 10**9}),
    "a hidden name": with_hidden_name,
    "a tokenizer's number": edited("tokenizer_config.json", extra_ids=10**9),
    # tables of weights
    "a table of 2**63 bytes": with_table_of(2**63),
    "a shape of words": with_entry(shape=["a"]),
    "a negative shape": with_entry(shape=[-1, 3]),
    "no shape": with_entry(shape=None),
    "a place before the file": with_entry(data_offsets=[-8, 0]),
    "a place behind it": with_entry(data_offsets=[0, 2**62]),
    "no places": with_entry(data_offsets=[]),
    "no type": with_entry(dtype=None),
    "a shard of 10**12": lambda folder: (folder / "model.safetensors").rename(
        folder / "model-00001-of-1000000000000.safetensors"
    ),
}
"""What is refused before anything is loaded."""

LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}<image>x"
LATER = {
    "untouched": lambda folder: None,
    "a template that loops": written("chat_template.jinja", LOOP),
    "a template of gigabytes": written("chat_template.jinja", "{{ 'a' * 3000000000 }}"),
    "a template that recurses": written("chat_template.jinja", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
    "a template in another place": lambda folder: (
        (folder / "chat_template.jinja").unlink(),
        edited("tokenizer_config.json", chat_template=[{"name": "default", "template": LOOP}])(folder),
    ),
    "a template in a third place": lambda folder: (
        (folder / "chat_template.jinja").unlink(),
        (folder / "additional_chat_templates").mkdir(),
        (folder / "additional_chat_templates" / "default.jinja").write_text(LOOP, encoding="utf-8"),
    ),
    "quantization that is a list": edited(CONFIG, quantization=["x"]),
    "a longest edge of 200,000": edited(PREPROCESSOR, size={"longest_edge": 200_000}),
    "a longest edge that looks like pixels": edited(
        PREPROCESSOR, size={"longest_edge": 200_000}, merge_size=2, patch_size=14, do_resize=True
    ),
    "squares of a picture": edited(PREPROCESSOR, max_image_size={"longest_edge": 2**24}, do_image_splitting=True),
    "deep settings of generation": written("generation_config.json", DEEP),
    "deep settings of the tokenizer": written("tokenizer_config.json", DEEP),
    "a type with dots": edited(CONFIG, model_type="os.path"),
}
"""What shows only while it is loaded or asked."""

ENDLESS = tokenizer(
    pre_tokenizer={"type": "Split", "pattern": {"Regex": "(x+x+)+y|(.|.)*z"}, "behavior": "Isolated", "invert": False}
)
"""A tokenizer that looks for its expression in more ways than there is time for."""


_ODD = (
    None,
    True,
    -1,
    0,
    1,
    2,
    3.5,
    1e308,
    float("nan"),
    2**31,
    2**63,
    -(2**63),
    10**30,
    "",
    "x",
    "\0",
    [],
    [[]],
    {},
    [1, "a"],
)
_MUTABLE = (
    CONFIG,
    PREPROCESSOR,
    "processor_config.json",
    "tokenizer_config.json",
    "generation_config.json",
    "tokenizer.json",
)


def mutated(seed):
    """A change at random: one to three entries of the settings get odd values, or go.

    Parameters
    ----------
    seed : int
    """

    def change(folder):
        chance = random.Random(seed)
        files = [folder / name for name in _MUTABLE if (folder / name).exists()]
        for _ in range(chance.randint(1, 3)):
            file = chance.choice(files)
            content = json.loads(file.read_text(encoding="utf-8"))
            place = content
            while True:
                keys = list(place) if isinstance(place, dict) else range(len(place))
                key = chance.choice(list(keys))
                if not isinstance(place[key], dict | list) or not place[key] or chance.random() < 0.2:
                    break
                place = place[key]
            if chance.random() < 0.15:
                del place[key]
            else:
                place[key] = chance.choice(_ODD)
            file.write_text(json.dumps(content), encoding="utf-8")

    return change
