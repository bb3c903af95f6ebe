"""Whether words are chosen by the table that reads them."""

import pytest


def part(tied, *, top=None, family="mistral3"):
    text = {"model_type": "mistral", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    text |= {"intermediate_size": 96, "rms_norm_eps": 1e-5, "vocab_size": 512, "rope_theta": 1e4, "head_dim": 16}
    text |= {} if tied is None else {"tie_word_embeddings": tied}
    named = {} if top is None else {"tie_word_embeddings": top}
    return {"model_type": family, "text_config": text, "vision_config": {"model_type": "pixtral"}, **named}


@pytest.mark.parametrize(
    ("text", "top", "tensors", "tied"),
    [
        (None, True, (), True),  # as transformers 5 saves a model without a head
        (None, False, (), False),
        (None, True, ("language_model.model.norm.weight",), True),
        (True, None, (), True),
        (True, False, (), False),
        (True, False, ("model.norm.weight",), True),  # nothing else to choose words by
        (None, None, (), False),
        (True, True, ("language_model.lm_head.weight",), False),
        (True, True, ("lm_head.weight",), False),
        (True, True, ("talker.lm_head.weight", "model.norm.weight"), True),
        (False, None, ("lm_head.weight",), False),
    ],
)
def test_the_whole_model_has_its_say_and_the_weights_the_last(text, top, tensors, tied, ask_desk, settings_of):
    """mlx_vlm asks its language model alone."""
    audit = ask_desk("audit", "examine", part(text, top=top), tensors)
    assert audit.faults == ()
    assert settings_of(audit.config)["tie_word_embeddings"] is tied
