"""Numbers of settings against the weights; what released models say is within every bound."""

import base64
import json
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.families import recording
from vlmkit.engines import bounds
from vlmkit.engines.bounds import MOST_GROWTH, check_tokenizer, growth
from vlmkit.errors import ModelLoadFailed

RELEASED = json.loads(Path(__file__).with_name("families").joinpath("released.json").read_text(encoding="utf-8"))
WIDE = [[262_208, 8192]]


@pytest.mark.parametrize("name", RELEASED)
def test_released_models_are_within_bounds(tmp_path, name):
    """As their makers wrote them."""
    bounds.check_bounds(tmp_path, RELEASED[name], WIDE, name)


@pytest.mark.parametrize("file", sorted(recording.FOLDER.glob("*.xz")), ids=lambda file: file.name.split(".")[0])
def test_recorded_checkpoints_are_within_bounds(tmp_path, file):
    """With the files of their processors and tokenizers."""
    recorded = recording.load(file.name.split(".")[0])
    for name, content in recorded.files.items():
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    bounds.check_bounds(tmp_path, config, [tensor[0] for tensor in recorded.tensors.values()], recorded.family)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"num_hidden_layers": 257}, "num_hidden_layers is 257 in its config.json"),
        ({"text_config": {"n_layer": 10**6}}, "n_layer is 1000000"),
        ({"vision_config": {"depth": 10**6}}, "depth is 1000000"),
        ({"vision_config": {"depths": [2, 2, 10**6]}}, "depths is 1000000"),
        ({"a": [{"b": {"num_layers": float("nan")}}]}, "num_layers is nan"),
        ({"hidden_size": 10**6}, "hidden_size is 1000000"),
        ({"vocab_size": -(10**9)}, "vocab_size is -1000000000"),
        ({"num_experts": 10**30}, "num_experts is 1000000000"),
        ({"head_dim": 1e300}, "head_dim is 1e\\+300"),
        ({"image_size": [448, 10**6]}, "image_size is 1000000"),
        ({"max_dynamic_patch": 10**9}, "max_dynamic_patch is 1000000000"),
        ({"mm_tokens_per_image": 10**9}, "mm_tokens_per_image is 1000000000"),
        ({"max_position_embeddings": 10**12}, "max_position_embeddings is 1000000000000"),
    ],
)
def test_numbers_beyond_the_weights_are_refused(tmp_path, config, message):
    """Wherever they stand in the settings."""
    with pytest.raises(ModelLoadFailed, match=f"^m: {message}"):
        bounds.check_bounds(tmp_path, config, [[64, 64]] * 3, "m")


def test_the_weights_decide(tmp_path):
    """As many layers as there are tensors, packed ones as wide as they stand for; tokens' identities are not sizes."""
    bounds.check_bounds(tmp_path, {"num_hidden_layers": 300, "vocab_size": 30_000 * 8}, [[30_000, 8]] * 300, "m")
    bounds.check_bounds(tmp_path, {"image_token_id": 260_000, "image_token_index": 260_000, "use_cache": True}, [], "m")
    bounds.check_bounds(tmp_path, {"audio_config": {"num_mel_bins": 1, "hidden_size": 10**9}}, [], "m")


@pytest.mark.parametrize(
    "settings",
    [
        {"size": {"longest_edge": 2**26}},
        {"size": {"shortest_edge": 10**9}},
        {"size": {"height": 8193, "width": 1}},
        {"crop_size": 10**6},
        {"min_pixels": 10**9},
        {"image_seq_length": 10**6},
        {"max_tiles": 10**6},
        {"image_processor": {"merge_size": 10**6}},
    ],
)
def test_settings_of_pictures_are_bounded(tmp_path, settings):
    """In both files; those of films are not read."""
    for name in ("preprocessor_config.json", "processor_config.json"):
        file = tmp_path / name
        file.write_text(json.dumps(settings), encoding="utf-8")
        with pytest.raises(ModelLoadFailed, match=f"in its {name}"):
            bounds.check_bounds(tmp_path, {}, [], "m")
        file.write_text(json.dumps({"video_processor": settings}), encoding="utf-8")
        bounds.check_bounds(tmp_path, {}, [], "m")


class BySide:
    """A processor that takes the longest edge for a side."""

    def __init__(self, edge):
        self.size = {"longest_edge": edge}


class ByPixels(BySide):
    """One that takes it for a number of pixels."""

    merge_size = 2


def test_what_a_processor_means_by_an_edge_is_told_by_its_class():
    """A setting that claims to be one of the other kind changes nothing."""
    bounds.check_processor(SimpleNamespace(image_processor=BySide(bounds.MOST_SIDE_PX)), "m")
    bounds.check_processor(SimpleNamespace(image_processor=ByPixels(10**7)), "m")
    bounds.check_processor(SimpleNamespace(tokenizer=None), "m")
    claiming = BySide(200_000)
    claiming.merge_size = 2
    for processor in (BySide(200_000), claiming):
        with pytest.raises(ModelLoadFailed, match="longest_edge is 200000"):
            bounds.check_processor(SimpleNamespace(image_processor=processor), "m")


def test_settings_are_bounded_without_weights():
    """As before a download."""
    bounds.check_settings({"num_hidden_layers": 256, "vocab_size": 262_208}, {"preprocessor_config.json": {}}, "m")
    with pytest.raises(ModelLoadFailed, match="num_hidden_layers is 3000000"):
        bounds.check_settings({"num_hidden_layers": 3_000_000}, {}, "m")
    with pytest.raises(ModelLoadFailed, match="max_tiles is 1000000000 in its preprocessor_config"):
        bounds.check_settings({}, {"preprocessor_config.json": {"max_tiles": 10**9}}, "m")


SPACES = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
TENFOLD = {"type": "Replace", "pattern": {"String": "ab"}, "content": "x" * 20}


def table_of(*texts):
    tree = b"\1\2\3\4"
    coded = b"".join(text.encode() + b"\0" for text in texts)
    return base64.b64encode(struct.pack("<I", len(tree)) + tree + coded).decode()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, 1),
        ({"type": "NFC"}, 1),
        (SPACES, 1),
        (TENFOLD, 10),
        ({"type": "Replace", "pattern": {"Regex": " +"}, "content": "▁▁"}, 3),
        ({"type": "Replace", "pattern": {"String": ""}, "content": "abc"}, 4),
        ({"type": "Prepend", "prepend": "▁"}, 2),
        ({"type": "ByteLevel"}, 2),
        ({"type": "Precompiled", "precompiled_charsmap": table_of("a", "ﷺ" * 18)}, 18),
        ({"type": "Precompiled", "precompiled_charsmap": None}, 1),
        ({"type": "Sequence", "normalizers": [TENFOLD, {"type": "Sequence", "normalizers": [TENFOLD, SPACES]}]}, 100),
        ({"type": "Sequence", "decoders": [TENFOLD] * 3}, 1000),
        ({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"}}] * 3, "special_tokens": {}}, 3),
    ],
)
def test_rules_in_a_row_multiply(rule, expected):
    """Each by the most that it can do."""
    assert growth(rule) == expected


@pytest.mark.parametrize("way", [{"normalizer": "x"}, {"decoder": "x"}, {"pre_tokenizer": "x", "post_processor": "x"}])
def test_text_grows_no_more_than_it_may(tmp_path, way):
    """On the way to tokens, and on the way back; each is judged by itself."""
    file = tmp_path / "tokenizer.json"
    ten = {"type": "Sequence", "normalizers": [TENFOLD]}
    file.write_text(
        json.dumps({"normalizer": ten, "decoder": ten, "model": {"vocab": {"normalizer": 3}}}), encoding="utf-8"
    )
    check_tokenizer(file, "m")
    much = {"type": "Sequence", "normalizers": [TENFOLD] * 3}
    file.write_text(json.dumps(dict.fromkeys(way, much)), encoding="utf-8")
    with pytest.raises(ModelLoadFailed, match=rf"^m: .*characters or more of one, and {MOST_GROWTH} is the most"):
        check_tokenizer(file, "m")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"normalizer": {"type": "Replace"}}', "'pattern'"),
        ('{"normalizer": {"type": "Replace", "pattern": 1, "content": 1}}', "is not iterable"),
        ('{"normalizer": {', "Expecting"),
        (
            '{"decoder": {"type": "Sequence", "decoders": [' + '{"type": "NFC"},' * 99 + '{"type": "NFC"}]}}',
            "101 rules",
        ),
        ('{"normalizer": {"type": "Precompiled", "precompiled_charsmap": "YWFhY"}}', "base64|padding|data characters"),
        ('{"n\\u006frmalizer": {}}', "plain letters as escapes"),
        ('{"x": "\\\\\\u0061"}', "plain letters as escapes"),
        ('{"padding": {"strategy": {"Fixed": 70000}}}', "fills every text up to 70000"),
        ('{"padding": {"strategy": {"Fixed": "x"}}}', "fills every text"),
    ],
)
def test_what_cannot_be_judged_is_refused(tmp_path, text, message):
    """Broken rules, too many, and what hides."""
    file = tmp_path / "tokenizer.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ModelLoadFailed, match=message):
        check_tokenizer(file, "m")


def test_honest_spellings_are_no_hiding(tmp_path):
    """Escapes of other characters, a backslash before a u, a file that is not there."""
    file = tmp_path / "tokenizer.json"
    file.write_text('{"a": "\\u0120 \\u00e9 \\\\u0061 \\u007f", "normalizer": null}', encoding="utf-8")
    check_tokenizer(file, "m")
    check_tokenizer(tmp_path / "none.json", "m")
