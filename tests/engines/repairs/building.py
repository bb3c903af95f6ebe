"""Small models of mlx_vlm with weights that are the same each time; called on the desk."""

import importlib

import numpy as np

PARTS = ("text", "vision", "perceiver")


def build(family, config, seed=3):
    """A model as mlx_vlm builds it from a config.json, with weights in place of those of files."""
    import mlx.core as mx
    from mlx.utils import tree_flatten, tree_unflatten
    from mlx_vlm.utils import update_module_configs

    module = importlib.import_module(f"mlx_vlm.models.{family}")
    settings = update_module_configs(module.ModelConfig.from_dict(config), module, config, PARTS)
    model = module.Model(settings)
    numbers = np.random.default_rng(seed)
    weights = [
        (name, mx.array(numbers.normal(scale=0.4, size=weight.shape).astype(np.float32)))
        for name, weight in sorted(tree_flatten(model.parameters()))
    ]
    model.update(tree_unflatten(weights))
    return model


def mend(name, model, config, processor=None):
    """Ask a row of the table, as ``"module.ROW"``, to mend a model; whether it did."""
    module, row = name.split(".")
    found = getattr(importlib.import_module(f"vlmkit.engines.repairs.{module}"), row)
    return found.after_load(model, processor, config)


def numbers(*shape, seed=0):
    """A random array of mlx."""
    import mlx.core as mx

    return mx.array(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))
