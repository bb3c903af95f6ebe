"""What `tiny` is made of: the sizes of its parts, its tokenizer, its chat template, and the files to load it from.

The architecture is SmolVLM (arXiv:2504.05299): a SigLIP-style tower, pixel shuffle, a Llama text model. The picture is
144 px wide in patches of 16 px; pixel shuffle joins 3 x 3 patches, so that each of the 9 image tokens covers one cell
of the world's 3 x 3 grid. This is what training makes; the ``config.json`` beside weights says what those are made of.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vlmkit.tiny import questions, scenes

__all__ = ["CONFIG", "IMAGE_TOKENS", "SIDE_PX", "chat_ids", "pixels", "train_tokenizer", "write_files"]

SIDE_PX = 144
PATCH_PX = 16
# SmolVLM finds a patch's position by comparing rounded fractions. In a table of 9 x 9 places columns may fall together;
# in one of 16 x 16, whose fractions are exact, all nine stay apart.
TABLE_PX = 256
SCALE_FACTOR = 3
IMAGE_TOKENS = (SIDE_PX // PATCH_PX // SCALE_FACTOR) ** 2
VOCABULARY = 1024

SPECIAL = (
    "<|endoftext|>", "<end_of_utterance>", "<image>", "<fake_token_around_image>", "<global-img>",
    "<|system|>", "<|user|>", "<|assistant|>",
)  # fmt: skip
_PAD, END, IMAGE, AROUND, GLOBAL, _SYSTEM, USER, ASSISTANT = range(len(SPECIAL))

CONFIG: dict[str, Any] = {
    "model_type": "smolvlm",
    "architectures": ["SmolVLMForConditionalGeneration"],
    "dtype": "float16",
    "scale_factor": SCALE_FACTOR,
    "image_token_id": IMAGE,
    "eos_token_id": END,
    "pad_token_id": _PAD,
    "vocab_size": VOCABULARY,
    "tie_word_embeddings": False,
    "vision_config": {
        "model_type": "smolvlm_vision",
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "image_size": TABLE_PX,
        "patch_size": PATCH_PX,
        "num_channels": 3,
        "layer_norm_eps": 1e-6,
        "hidden_act": "gelu_pytorch_tanh",
    },
    "text_config": {
        "model_type": "llama",
        "hidden_size": 192,
        "intermediate_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "head_dim": 48,
        "vocab_size": VOCABULARY,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "max_position_embeddings": 1024,
        "hidden_act": "silu",
        "pad_token_id": _PAD,
        "tie_word_embeddings": False,
    },
}

# The question stands before the picture: so each image token can already look for what is asked, which a model this
# small learns many times faster than to search a picture it has read past.
CHAT_TEMPLATE = """\
{%- for message in messages -%}
<|{{ message['role'] }}|>
{%- if message['content'] is string -%}
{{ message['content'] }}
{%- else -%}
{%- for part in message['content'] if part['type'] == 'text' -%}{{ part['text'] }}{%- endfor -%}
{%- for part in message['content'] if part['type'] == 'image' -%}<image>{%- endfor -%}
{%- endif -%}
<end_of_utterance>
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}
"""

_PREPROCESSOR = {
    "image_processor_type": "SmolVLMImageProcessor",
    "do_convert_rgb": True,
    "do_image_splitting": False,
    "do_resize": True,
    "do_rescale": True,
    "do_normalize": True,
    "do_pad": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "rescale_factor": 1 / 255,
    "resample": int(Image.Resampling.LANCZOS),
    # Both sides given: one resampling straight to the square, where "longest_edge" would resample twice.
    "size": {"height": SIDE_PX, "width": SIDE_PX},
    "max_image_size": {"longest_edge": SIDE_PX},
}


def pixels(image: Image.Image) -> np.ndarray:
    """Shrink a picture as the model's own processor does.

    Parameters
    ----------
    image : PIL.Image.Image
        RGB, any size.

    Returns
    -------
    ndarray of uint8, shape (SIDE_PX, SIDE_PX, 3)
    """
    return np.asarray(image.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS))


def chat_ids(tokenizer: Any, prompt: str, answer: str, *, spelled: bool = False) -> tuple[list[int], int]:
    """Write one exchange exactly as the chat template and the processor do.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
    prompt, answer : str
    spelled : bool, default False
        Write the answer letter by letter, as it is read from a picture; it decodes to the same text.

    Returns
    -------
    ids : list of int
    start : int
        Index of the first token of the answer.
    """
    picture = [AROUND, GLOBAL, *[IMAGE] * IMAGE_TOKENS, AROUND]
    head = [USER, *tokenizer.encode(prompt).ids, *picture, END, ASSISTANT]
    pieces = list(answer) if spelled else [answer]
    return [*head, *(number for piece in pieces for number in tokenizer.encode(piece).ids), END], len(head)


def train_tokenizer(samples: int = 20_000) -> Any:
    """Train the byte-level BPE on questions and answers about the first scenes; deterministic.

    Parameters
    ----------
    samples : int, default 20000

    Returns
    -------
    tokenizers.Tokenizer
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[AddedToken(name, special=True, normalized=False) for name in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(samples), trainer=trainer)
    return tokenizer


def _texts(samples: int) -> list[str]:
    rng = random.Random("tokenizer")
    tasks = list(questions.TASKS)
    texts = []
    for seed in range(samples):
        question = questions.invent(tasks[seed % len(tasks)], scenes.make(seed), rng)
        texts += [question.prompt, question.answer]
    return texts


def write_files(folder: Path, tokenizer: Any) -> None:
    """Write everything but the weights: configuration, tokenizer, processor and chat template.

    Parameters
    ----------
    folder : Path
        Made if missing.
    tokenizer : tokenizers.Tokenizer
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    documents = {
        "config.json": CONFIG,
        "generation_config.json": {"do_sample": False, "eos_token_id": END, "pad_token_id": _PAD},
        "preprocessor_config.json": _PREPROCESSOR,
        "processor_config.json": {"processor_class": "SmolVLMProcessor", "image_seq_len": IMAGE_TOKENS},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "processor_class": "SmolVLMProcessor",
            "eos_token": "<end_of_utterance>",
            "pad_token": "<|endoftext|>",
            "image_token": "<image>",
            "fake_image_token": "<fake_token_around_image>",
            "global_image_token": "<global-img>",
            "end_of_utterance_token": "<end_of_utterance>",
            "clean_up_tokenization_spaces": False,
            "model_max_length": CONFIG["text_config"]["max_position_embeddings"],
        },
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
