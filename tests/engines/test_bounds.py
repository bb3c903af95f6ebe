"""Numbers of settings against the weights; what released models say is within every bound."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.families import recording
from vlmkit.engines import bounds
from vlmkit.errors import ModelLoadFailed

RELEASED = json.loads(Path(__file__).with_name("families").joinpath("released.json").read_text(encoding="utf-8"))
WIDE = [[262_208, 8192]]


@pytest.mark.parametrize("name", RELEASED)
def test_released_models_are_within_bounds(tmp_path, name):
    """As their makers wrote them."""
    bounds.check(tmp_path, RELEASED[name], WIDE, name)


@pytest.mark.parametrize("file", sorted(recording.FOLDER.glob("*.xz")), ids=lambda file: file.name.split(".")[0])
def test_recorded_checkpoints_are_within_bounds(tmp_path, file):
    """With the files of their processors and tokenizers."""
    recorded = recording.load(file.name.split(".")[0])
    for name, content in recorded.files.items():
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    bounds.check(tmp_path, config, [tensor[0] for tensor in recorded.tensors.values()], recorded.family)


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
        bounds.check(tmp_path, config, [[64, 64]] * 3, "m")


def test_the_weights_decide(tmp_path):
    """As many layers as there are tensors, packed ones as wide as they stand for; tokens' identities are not sizes."""
    bounds.check(tmp_path, {"num_hidden_layers": 300, "vocab_size": 30_000 * 8}, [[30_000, 8]] * 300, "m")
    bounds.check(tmp_path, {"image_token_id": 260_000, "image_token_index": 260_000, "use_cache": True}, [], "m")
    bounds.check(tmp_path, {"audio_config": {"num_mel_bins": 1, "hidden_size": 10**9}}, [], "m")


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
            bounds.check(tmp_path, {}, [], "m")
        file.write_text(json.dumps({"video_processor": settings}), encoding="utf-8")
        bounds.check(tmp_path, {}, [], "m")


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
