"""Writes tiny checkpoints with random weights, with nothing but mlx and tokenizers; runs where MLX may run."""

import importlib
import json
import warnings

import mlx.core as mx
from mlx.utils import tree_flatten, tree_map, tree_map_with_path
from mlx_vlm.utils import apply_generation_config_defaults, update_module_configs
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from tests.families.recipe import CHAT_TEMPLATE

MODULES = ["text", "vision", "perceiver", "projector", "audio"]


def make(recipe, directory, *, seed=0, dtype=mx.float32):
    """Write a checkpoint.

    Parameters
    ----------
    recipe : Recipe
    directory : Path
        Made if missing.
    seed : int
        Of the weights.
    dtype : mlx dtype
        Of the weights on disk.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(recipe)
    tokenizer.save(str(directory / "tokenizer.json"))
    config = _resolved(recipe.config, tokenizer)
    _write(directory / "config.json", config)
    _write(directory / "tokenizer_config.json", _tokenizer_config(recipe))
    if recipe.preprocessor:
        _write(directory / "preprocessor_config.json", recipe.preprocessor)
    if recipe.processor:
        _write(directory / "processor_config.json", recipe.processor)
    template = CHAT_TEMPLATE.replace("IMAGE_PLACE", recipe.image_place)
    (directory / "chat_template.jinja").write_text(template, encoding="utf-8")
    weights = {name: weight.astype(dtype) for name, weight in _weights(config, seed).items()}
    mx.save_safetensors(str(directory / "model.safetensors"), weights, metadata={"format": "mlx"})
    return directory


def _tokenizer(recipe):
    """One token per byte, the special ones and, where the recipe wants more, tokens that show their number: ⟨300⟩."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    wanted = recipe.config.get("vocab_size")
    size = wanted - len(recipe.tokens) if isinstance(wanted, int) else len(alphabet)
    words = [*alphabet, *(f"⟨{number}⟩" for number in range(len(alphabet), size))]
    tokenizer = Tokenizer(models.BPE(vocab={word: number for number, word in enumerate(words)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    # Each token shows as one character of its own, so that equal texts are equal tokens; bytes would often show as �.
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in recipe.tokens])
    return tokenizer


def _tokenizer_config(recipe):
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "bos_token": "<|endoftext|>",
        "model_max_length": 1024,
        "clean_up_tokenization_spaces": False,
        **recipe.tokenizer,
    }


def _resolved(value, tokenizer):
    """Configuration with ids in place of token names."""
    if isinstance(value, dict):
        if set(value) == {"token"}:
            return tokenizer.token_to_id(value["token"])
        if set(value) == {"vocabulary"}:
            return tokenizer.get_vocab_size()
        return {key: _resolved(entry, tokenizer) for key, entry in value.items()}
    return [_resolved(entry, tokenizer) for entry in value] if isinstance(value, list) else value


def _write(file, content):
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _weights(config, seed):
    arch = importlib.import_module(f"mlx_vlm.models.{config['model_type']}")
    filled = {"text_config": config.get("llm_config", {}), **config}
    model_config = update_module_configs(arch.ModelConfig.from_dict(filled), arch, filled, MODULES)
    mx.random.seed(seed)
    model = arch.Model(apply_generation_config_defaults(model_config, filled))
    keys = iter(mx.random.split(mx.random.key(seed), len(tree_flatten(model.parameters()))))
    drawn = tree_map_with_path(lambda path, weight: _drawn(path, weight, next(keys)), model.parameters())
    return dict(tree_flatten(drawn))


def _drawn(path, weight, key):
    """Weights so large that picture and prompt change the text, embeddings so small that it does not repeat itself."""
    if weight.ndim < 2:
        return weight
    fan_in = weight.size // weight.shape[0]
    scale = 0.1 if "embed" in path else 1.5 / fan_in**0.5
    return scale * mx.random.normal(weight.shape, key=key)


def quantize(source, directory, bits):
    """Pack a checkpoint's weights with mlx-vlm's own tool."""
    from mlx_vlm import convert

    with warnings.catch_warnings(action="ignore"):
        convert(str(source), mlx_path=str(directory), quantize=True, q_bits=bits, q_group_size=32)
    return directory


def adapt(source, directory, *, seed=7):
    """Write LoRA weights for a checkpoint, as after some training on nothing."""
    from mlx_vlm import load
    from mlx_vlm.trainer.peft.utils import get_peft_model, save_adapter

    with warnings.catch_warnings(action="ignore"):
        model, _ = load(str(source), trust_remote_code=False)
    model = get_peft_model(model, rank=4, alpha=8.0, dropout=0.0, verbose=False)
    keys = iter(mx.random.split(mx.random.key(seed), 1000))
    model.update(tree_map(lambda weight: mx.random.normal(weight.shape, key=next(keys)), model.trainable_parameters()))
    directory.mkdir()
    save_adapter(model, directory / "adapters.safetensors")
    return directory
