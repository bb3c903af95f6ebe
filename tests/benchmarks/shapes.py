"""Checkpoints to measure on: random weights in the exact shape of SmolVLM-256M, and a small one that shows it runs."""

import importlib

from tests.families import checkpoint, recording

SHAPES = {
    "256m": {
        "image_px": 512,
        "patch_px": 16,
        "scale_factor": 4,
        "vision": {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12},
        "text": {
            "hidden_size": 576,
            "intermediate_size": 1536,
            "num_hidden_layers": 30,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
            "head_dim": 64,
            "max_position_embeddings": 8192,
        },
        "vocabulary": 49280,
    },
    "small": {
        "image_px": 64,
        "patch_px": 8,
        "scale_factor": 2,
        "vision": {"hidden_size": 96, "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 3},
        "text": {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 3, "head_dim": 32},
        "vocabulary": None,
    },
}
IMAGE_PX = {name: shape["image_px"] for name, shape in SHAPES.items()}
PROMPT = "Describe this image in detail."


def write(name, directory):
    """Write a checkpoint of one shape, in bfloat16; where MLX may run."""
    import mlx.core as mx

    config = {}

    def change(files, tensors):
        _resize(files, **SHAPES[name])
        config.update(files["config.json"])
        tensors.clear()

    checkpoint.write(recording.load("smolvlm"), directory, "v4", change=change)
    weights = {key: weight.astype(mx.bfloat16) for key, weight in _weights(config).items()}
    mx.save_safetensors(str(directory / "model.safetensors"), weights, metadata={"format": "mlx"})


def _resize(files, *, image_px, patch_px, scale_factor, vision, text, vocabulary):
    config, images = files["config.json"], files["preprocessor_config.json"]
    config["scale_factor"] = scale_factor
    config["vision_config"] |= {"image_size": image_px, "patch_size": patch_px, **vision}
    config["text_config"] |= text
    images |= {"size": {"longest_edge": image_px}, "max_image_size": {"longest_edge": image_px}}
    images["do_image_splitting"] = False
    files["processor_config.json"]["image_seq_len"] = (image_px // patch_px // scale_factor) ** 2
    if vocabulary:
        config["vocab_size"] = config["text_config"]["vocab_size"] = vocabulary
        words, first = files["tokenizer.json"]["model"]["vocab"], len(files["tokenizer.json"]["model"]["vocab"])
        marks = len(files["tokenizer.json"]["added_tokens"])
        words |= {f"⟨{number}⟩": number for number in range(first + marks, vocabulary)}


def _weights(config, seed=0):
    """Under mlx_vlm's names, as the checkpoints of mlx-community have them."""
    import mlx.core as mx
    from mlx.utils import tree_flatten, tree_map_with_path
    from mlx_vlm.utils import update_module_configs

    arch = importlib.import_module(f"mlx_vlm.models.{config['model_type']}")
    made = arch.ModelConfig.from_dict(config)
    model = arch.Model(update_module_configs(made, arch, config, ["text", "vision", "perceiver", "projector"]))
    keys = iter(mx.random.split(mx.random.key(seed), len(tree_flatten(model.parameters()))))
    return dict(tree_flatten(tree_map_with_path(lambda p, w: _drawn(p, w, next(keys)), model.parameters())))


def _drawn(path, weight, key):
    import mlx.core as mx

    if weight.ndim < 2:
        return weight
    scale = 0.1 if "embed" in path else 1.5 / (weight.size // weight.shape[0]) ** 0.5
    return scale * mx.random.normal(weight.shape, key=key)
