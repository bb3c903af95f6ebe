"""The written files load with plain mlx-vlm, whose processor agrees with the training's own shortcuts."""

import numpy as np
import pytest

from vlmkit.tiny import blueprint, scenes

pytestmark = pytest.mark.core_model


@pytest.fixture(scope="module")
def tokenizer():
    return blueprint.train_tokenizer(1000)


def test_any_text_survives_the_tokenizer(tokenizer):
    """All bytes are in the alphabet: nothing is unknown."""
    for text in ("How many circles?", "Größe — 図形 🙂", '{"count": 3}', "\x00\t\n"):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_tokenizer_training_is_deterministic(tokenizer):
    """The same samples give the same merges."""
    assert blueprint.train_tokenizer(1000).to_str() == tokenizer.to_str()


def test_processor_and_shortcuts_agree(tokenizer, tmp_path):
    """Token ids and pixels of training are those that mlx-vlm makes at inference, for a picture that is not square."""
    blueprint.write_files(tmp_path, tokenizer)
    from mlx_vlm.models.smolvlm.processing_smolvlm import SmolVLMProcessor
    from transformers import AutoConfig  # noqa: F401  the processor is registered by mlx_vlm below

    processor = SmolVLMProcessor.from_pretrained(str(tmp_path))
    picture = scenes.make(4).draw()
    assert picture.width != picture.height
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "How many?"}]}]
    text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    made = processor(images=[picture], text=[text])
    ids, start = blueprint.chat_ids(tokenizer, "How many?", "3")
    assert np.array(made["input_ids"])[0].tolist() == ids[:start]
    theirs = np.array(made["pixel_values"])[0, 0].transpose(1, 2, 0)
    assert np.abs(theirs - (blueprint.pixels(picture) / 127.5 - 1)).max() < 1e-6
