"""What mlx_vlm is shown of a checkpoint's directory."""

import json

import pytest

from vlmkit.engines.families import files

WRITTEN = {"model_type": "smolvlm"}


@pytest.fixture
def directory(tmp_path):
    """A checkpoint with all its processor settings in one file."""
    folder = tmp_path / "checkpoint"
    (folder / "more").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(WRITTEN))
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def contents(folder):
    return {file.name: file.read_bytes() if file.is_file() else "folder" for file in sorted(folder.iterdir())}


def test_a_directory_that_is_read_as_it_is_stays_itself(directory):
    """No links where none are needed."""
    with files.opened(directory, dict(WRITTEN), WRITTEN) as seen:
        assert seen == directory


def test_another_configuration_is_seen_and_not_written(directory):
    """All other files are the checkpoint's own, and nothing is left behind."""
    before = contents(directory)
    with files.opened(directory, {"model_type": "other"}, WRITTEN) as seen:
        assert seen.name == directory.name
        assert json.loads((seen / "config.json").read_text()) == {"model_type": "other"}
        assert contents(seen).keys() == before.keys()
        assert (seen / "model.safetensors").resolve() == directory / "model.safetensors"
        assert (seen / "more").is_dir()
    assert not seen.exists()
    assert contents(directory) == before


def test_nested_settings_of_the_processor_are_files_of_their_own(directory):
    """As they were before transformers 5."""
    nested = {"processor_class": "P", "image_processor": {"size": 3}, "video_processor": {"fps": 2}, "image_seq_len": 4}
    (directory / "processor_config.json").write_text(json.dumps(nested))
    with files.opened(directory, WRITTEN, WRITTEN) as seen:
        assert json.loads((seen / "preprocessor_config.json").read_text()) == {"processor_class": "P", "size": 3}
        assert json.loads((seen / "video_preprocessor_config.json").read_text()) == {"processor_class": "P", "fps": 2}
        assert json.loads((seen / "processor_config.json").read_text()) == nested
    assert not (directory / "preprocessor_config.json").exists()


def test_a_file_that_is_there_is_not_replaced(directory):
    """The checkpoint's own word counts."""
    (directory / "processor_config.json").write_text(json.dumps({"image_processor": {"size": 3}}))
    (directory / "preprocessor_config.json").write_text(json.dumps({"size": 9}))
    with files.opened(directory, WRITTEN, WRITTEN) as seen:
        assert seen == directory


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"image_processor": null}'])
def test_a_broken_processor_file_is_left_to_its_reader(directory, text):
    """Who says what is wrong with it."""
    (directory / "processor_config.json").write_text(text)
    assert files.processor_files(directory) == {}
