"""What people make of a checkpoint with mlx-vlm's own tools: packed weights, adapters. Runs where MLX may run."""

import warnings

import mlx.core as mx
from mlx.utils import tree_map


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
