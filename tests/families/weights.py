"""Random weights that follow from names and shapes alone, so that what was recorded once can be made again anywhere."""

import hashlib

import numpy as np

# Embeddings so small that the prompt's last token does not decide alone, weights so large that the picture counts.
_EMBEDDING_SCALE = 0.1
_WEIGHT_SCALE = 1.5
_VECTOR_SCALE = 0.1


def draw(family, name, shape, center, seed=0):
    """One tensor, as float32.

    Parameters
    ----------
    family, name : str
        Whose it is; they seed the generator.
    seed : int
        Another one gives another model.
    shape : sequence of int
    center : float
        Mean of a vector: 1 for most norms, 0 for biases. Matrices are drawn around 0.
    """
    digest = hashlib.blake2b(f"{family}/{name}/{seed}".encode(), digest_size=8).digest()
    noise = np.random.default_rng(int.from_bytes(digest, "little")).standard_normal(shape, dtype=np.float32)
    if len(shape) < 2:
        return np.float32(center) + np.float32(_VECTOR_SCALE) * noise
    # Experts lie one behind another, each of them (out, in); elsewhere all but the first axis is summed over.
    fan_in = shape[2] if "experts" in name and len(shape) == 3 else noise[0].size
    scale = _EMBEDDING_SCALE if "embed" in name else _WEIGHT_SCALE / np.sqrt(fan_in)
    return np.float32(scale) * noise
