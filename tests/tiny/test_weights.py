"""The shipped model is an ordinary mlx-vlm checkpoint: it loads, answers and converts with mlx-vlm's own tools."""

import subprocess
import sys
from importlib import resources

import pytest

from vlmkit.tiny import dataset, scenes

pytestmark = pytest.mark.core_model
WEIGHTS = resources.files("vlmkit.tiny") / "weights"

# Plain mlx-vlm in an interpreter of its own, without a line of vlmkit's.
ASK = """
import sys
import mlx_vlm
from mlx_vlm.prompt_utils import apply_chat_template
model, processor = mlx_vlm.load(sys.argv[1])
prompt = apply_chat_template(processor, model.config, sys.argv[3], num_images=1)
print(mlx_vlm.generate(model, processor, prompt, image=[sys.argv[2]], max_tokens=100, temperature=0.0).text)
"""


def plain_answer(model, picture, prompt):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK, str(model), str(picture), prompt],
        check=True, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture
def scene(tmp_path):
    """A scene that the model has not seen, and its file."""
    made = scenes.make(dataset.FIRST_SEED + 1)
    made.draw().save(tmp_path / "scene.png")
    return made, tmp_path / "scene.png"


def test_files_are_small_and_complete():
    """Half precision, at most 12 MB, with a card."""
    names = {file.name for file in WEIGHTS.iterdir()}
    assert {"README.md", "chat_template.jinja", "config.json", "model.safetensors", "preprocessor_config.json"} <= names
    assert sum(len(file.read_bytes()) for file in WEIGHTS.iterdir()) < 12_000_000


def test_plain_mlx_vlm_loads_and_answers(scene):
    """No help from vlmkit is needed."""
    made, file = scene
    assert plain_answer(WEIGHTS, file, "Describe this image in one short sentence.") == made.caption("brief")


@pytest.mark.slow_test
@pytest.mark.parametrize("bits", [4, 8])
def test_mlx_vlm_converts_it(bits, scene, tmp_path):
    """Quantised by mlx-vlm's own command it still loads, and at 8 bits still sees."""
    made, file = scene
    folder = tmp_path / "converted"
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "mlx_vlm",
        "convert",
        "--hf-path",
        str(WEIGHTS),
        "--mlx-path",
        str(folder),
    ]
    subprocess.run([*command, "--quantize", "--q-bits", str(bits)], check=True, capture_output=True, timeout=300)
    answer = plain_answer(folder, file, "What is the background color?")
    assert answer == made.background if bits == 8 else answer
