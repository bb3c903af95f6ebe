"""One tiny SmolVLM with random weights, made once, and an engine on it."""

import pytest

from tests.families import checkpoint as checkpoints
from tests.families import recording, templates
from tests.families.drawing import picture
from vlmkit.engines.mlx import open_engine
from vlmkit.records import Ask, Sampling, one_question

_TEMPLATE = templates.chatml("<image>")


def _simple(files, tensors):
    """Make a token of each byte, equal texts of equal tokens, one tile of a picture, and turns as ChatML has them."""
    checkpoints.legible(files, tensors)
    files["tokenizer.json"]["model"]["merges"] = []
    ended = next(mark for mark in files["tokenizer.json"]["added_tokens"] if mark["content"] == "<row_2_col_2>")
    ended["content"] = files["tokenizer_config.json"]["eos_token"] = "<|im_end|>"
    files["tokenizer_config.json"]["bos_token"] = files["tokenizer_config.json"]["pad_token"] = "<|endoftext|>"
    files["config.json"]["eos_token_id"] = files["generation_config.json"]["eos_token_id"] = ended["id"]
    files["config.json"]["text_config"]["max_position_embeddings"] = 1024
    del files["chat_template.json"]
    files["chat_template.jinja"] = _TEMPLATE
    files["preprocessor_config.json"] |= {"do_image_splitting": False, "size": {"longest_edge": 32}}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """Directory of a tiny SmolVLM."""
    directory = tmp_path_factory.mktemp("smolvlm")
    return checkpoints.write(recording.load("smolvlm"), directory, "v4", change=_simple)


@pytest.fixture(scope="session")
def engine(checkpoint):
    """An engine of four slots on it, shared by tests that leave it as it was."""
    with open_engine(str(checkpoint), slots=4) as opened:
        yield opened


@pytest.fixture
def ask():
    """Make an ask about the picture of a number."""

    def build(number=0, prompt="What is it?", *, system=None, timeout_s=None, probabilities=False, **sampling):
        return Ask(
            messages=one_question(prompt, (picture(number),), system=system),
            timeout_s=timeout_s,
            token_probabilities=probabilities,
            sampling=Sampling(**{"max_tokens": 12, **sampling}),
        )

    return build
