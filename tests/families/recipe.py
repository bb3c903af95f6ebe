"""What makes up a tiny checkpoint of one family, as plain data for transformers to make it from."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

# In a configuration, what stands for the number of tokens.
VOCABULARY = {"vocabulary": True}


def token(name):
    """In a configuration, what stands for the id of a token."""
    return {"token": name}


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """A small tokenizer.

    Attributes
    ----------
    kind : {"bytes", "spaces"}
        As GPT-2's and Llama 3's, where bytes are letters; or as Llama 2's and Gemma's, where a space is ▁.
    special : tuple of str
        Special tokens, in the order of their ids.
    roles : dict
        ``eos_token``, ``pad_token`` and so on, by name.
    begins_itself : bool, default False
        Whether it puts ``bos_token`` in front of a text by itself.
    ends_itself : bool, default False
        Whether it puts ``eos_token`` behind a text by itself.
    leads_with_space : bool, default False
        Whether it puts a space in front of a text, as Llama 2's does.
    named : dict
        ``extra_special_tokens``.
    """

    kind: str
    special: tuple[str, ...]
    roles: dict[str, str]
    begins_itself: bool = False
    ends_itself: bool = False
    leads_with_space: bool = False
    named: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One family.

    Attributes
    ----------
    family : str
        Name of the recording.
    model : str
        transformers' class.
    config : dict
        Arguments of its configuration's class, `token` and `VOCABULARY` in place of numbers.
    vocabulary : Vocabulary
    processor : str
        transformers' class.
    options : dict
        Arguments of the processor besides its parts.
    parts : dict
        Arguments of the processor that are objects: each a class of transformers and its arguments.
    template : str, default ""
        Chat template; empty where the family has none.
    skips : tuple of str
        Asks that mean nothing to the family, such as several pictures for one that takes one.
    settings : dict
        Further keys of generation_config.json.
    seed : int, default 0
        Of the weights.
    """

    family: str
    model: str
    config: dict[str, Any]
    vocabulary: Vocabulary
    processor: str
    options: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    template: str = ""
    skips: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    @property
    def digest(self):
        """Of everything that a recording was made from."""
        return hashlib.blake2b(json.dumps(asdict(self), sort_keys=True).encode(), digest_size=8).hexdigest()


def llama(**changes):
    """Text configuration that most families share; `changes` are its own."""
    return {
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": 2048,
        "tie_word_embeddings": False,
        "vocab_size": VOCABULARY,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,
        **changes,
    }


def rope(theta, **changes):
    """Rotary positions as transformers 5 spells them."""
    return {"rope_theta": theta, "rope_type": "default", **changes}


def siglip(**changes):
    """Vision configuration of a small SigLIP tower."""
    return {
        "hidden_size": 48,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "image_size": 32,
        "patch_size": 8,
        "num_channels": 3,
        "layer_norm_eps": 1e-6,
        **changes,
    }


def clip(**changes):
    """Vision configuration of a small CLIP tower."""
    return {
        "model_type": "clip_vision_model",
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 8,
        "projection_dim": 32,
        **changes,
    }


HALVES = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
CLIP_COLORS = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
IMAGENET_COLORS = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
