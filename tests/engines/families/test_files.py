"""What mlx_vlm is shown of a checkpoint's directory, and weights whose names it does not know."""

import json
import shutil

import pytest

from tests.families import checkpoint as checkpoints
from tests.families import recording
from tests.families.drawing import picture
from vlmkit.engines.desk import desk
from vlmkit.engines.families import files
from vlmkit.engines.mlx import open_engine
from vlmkit.errors import ModelLoadFailed
from vlmkit.records import Ask, Sampling, one_question

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


LAYERS = [f"encoder.layers.{layer}.{part}.weight" for layer in range(12) for part in ("fc1", "fc2", "norm")]


@pytest.fixture(scope="module")
def rules_for(ask_desk):
    return lambda saved, known: ask_desk("files", "rules_for", saved, known)


@pytest.mark.parametrize(
    ("saved", "known"),
    [
        ("vision_tower", "vision_tower.vision_model"),
        ("vision_tower.vision_model", "vision_tower"),
        ("model.vision.tower", "model.vision.inner.wrapper.tower"),
    ],
)
def test_words_put_in_or_left_out_are_found(saved, known, rules_for):
    """By what every name has in common."""
    (rule,) = rules_for([f"{saved}.{name}" for name in LAYERS], [f"{known}.{name}" for name in LAYERS])
    assert [rule(f"{saved}.{name}") for name in LAYERS] == [f"{known}.{name}" for name in LAYERS]
    assert rule("language_model.norm.weight") == "language_model.norm.weight"


def test_two_towers_have_a_rule_each(rules_for):
    """As many rules as beginnings."""
    saved = [f"{tower}.{name}" for tower in ("audio", "vision") for name in LAYERS]
    known = [f"{tower}.model.{name}" for tower in ("audio", "vision") for name in LAYERS]
    first, second = rules_for(saved, known)
    assert [second(first(name)) for name in saved] == known


@pytest.mark.parametrize(
    ("saved", "known"),
    [
        ([], []),
        ([], ["tower.a.weight"]),
        (["tower.a.weight"], []),
        (["tower.a.weight", "tower.b.weight"], ["tower.x.a.weight"]),
        (["tower.a.weight"], ["tower.b.weight"]),
        (["a.weight"], ["x.a.weight"]),
        (["tower.a.weight", "tower.b.weight"], ["tower.x.a.weight", "tower.x.c.weight"]),
        (["layers.0.weight", "layers.1.weight"], ["layers.x.0.weight", "layers.y.1.weight"]),
    ],
)
def test_names_that_do_not_match_one_to_one_are_left_alone(saved, known, rules_for):
    """One name over, another word in its place, or a word that differs by layer: no guess is made."""
    assert rules_for(saved, known) == ()


def test_two_ways_are_no_way(rules_for):
    """Which of two towers is meant cannot be told by names."""
    assert rules_for(["tower.a.weight"], ["tower.x.a.weight"]) != ()
    assert rules_for(["t.a.w", "t.b.w"], ["t.x.a.w", "t.y.b.w"]) == ()


@pytest.fixture(scope="module")
def paligemma(tmp_path_factory):
    """A tiny PaliGemma in the layout of the Hub."""
    return checkpoints.write(recording.load("paligemma"), tmp_path_factory.mktemp("paligemma"), "v4")


def resaved(folder, rename):
    """The same with other names of weights."""

    def change(_files, tensors):
        for name in list(tensors):
            tensors[rename(name)] = tensors.pop(name)

    return checkpoints.write(recording.load("paligemma"), folder, "v4", change=change)


def answer(directory):
    with open_engine(str(directory), slots=1) as engine:
        ask = Ask(messages=one_question("What is it?", (picture(3),)), sampling=Sampling(max_tokens=12))
        return engine.submit(ask).result(60).text


def test_a_tower_without_its_wrapper_is_the_same_model(paligemma, tmp_path):
    """As transformers 5 saves it; the file stays as it is."""
    shorter = resaved(tmp_path / "v5", lambda name: name.replace(".vision_model.", "."))
    before = (shorter / "model.safetensors").read_bytes()
    assert answer(shorter) == answer(paligemma)
    assert (shorter / "model.safetensors").read_bytes() == before


def test_other_names_are_refused(tmp_path):
    """A word in another one's place may mean anything."""
    other = resaved(tmp_path / "other", lambda name: name.replace(".vision_model.", ".eye."))
    with pytest.raises(ModelLoadFailed, match="parameters not in model"):
        open_engine(str(other))


def test_mlx_vlm_is_left_as_it_was(paligemma, tmp_path):
    """What was put in its place to look on is taken out again."""

    def functions():
        import mlx_vlm.utils

        return mlx_vlm.utils.load_model_weights, mlx_vlm.utils._load_safetensors

    answer(paligemma)
    before = desk().call(functions)
    answer(resaved(tmp_path / "v5", lambda name: name.replace(".vision_model.", ".")))
    assert desk().call(functions) == before


def test_a_theta_in_the_table_of_transformers_5_is_the_same_model(checkpoint, tmp_path):
    """One checkpoint in two layouts answers alike, and without the theta otherwise."""
    written = json.loads((checkpoint / "config.json").read_text())
    text = written["text_config"]
    answers = []
    for number, rope in enumerate(
        (
            {"rope_theta": 321.0},
            {"rope_parameters": {"rope_theta": 321.0, "rope_type": "default"}},
            {"rope_theta": 10_000.0},
        )
    ):
        folder = tmp_path / str(number)
        shutil.copytree(checkpoint, folder)
        others = {name: value for name, value in text.items() if name not in ("rope_theta", "rope_scaling")}
        (folder / "config.json").write_text(json.dumps(written | {"text_config": others | rope}))
        answers.append(answer(folder))
    assert answers[0] == answers[1] != answers[2]
