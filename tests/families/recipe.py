"""What makes up a tiny checkpoint of one family: its configuration and the files its processor reads."""

from dataclasses import dataclass, field
from typing import Any

CHAT_TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message['role'] }}
{% if message['content'] is string -%}{{ message['content'] }}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' -%}IMAGE_PLACE{%- elif part['type'] == 'text' -%}{{ part['text'] }}{%- endif -%}
{%- endfor -%}
{%- endif -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}
"""

# Marks of the template, in every vocabulary; "<|im_end|>" ends the text.
TURNS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One family.

    Attributes
    ----------
    family : str
        mlx_vlm's model_type.
    config : dict
        config.json, with ``{"token": name}`` wherever the id of a special token belongs.
    special : tuple of str
        Special tokens besides the template's.
    image_place : str
        What the template writes where a picture stands.
    preprocessor, processor, tokenizer : dict
        preprocessor_config.json, processor_config.json, additions to tokenizer_config.json.
    """

    family: str
    config: dict[str, Any]
    special: tuple[str, ...]
    image_place: str
    preprocessor: dict[str, Any] = field(default_factory=dict)
    processor: dict[str, Any] = field(default_factory=dict)
    tokenizer: dict[str, Any] = field(default_factory=dict)

    @property
    def tokens(self) -> tuple[str, ...]:
        return (*TURNS, *self.special)


def llama(**changes: Any) -> dict[str, Any]:
    """Text configuration that most families share."""
    return {
        "model_type": "llama",
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "max_position_embeddings": 1024,
        "tie_word_embeddings": False,
        "vocab_size": {"vocabulary": True},
        **changes,
    }


NORMALIZED = {
    "do_convert_rgb": True,
    "do_resize": True,
    "do_rescale": True,
    "do_normalize": True,
    "rescale_factor": 1 / 255,
    "resample": 3,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
