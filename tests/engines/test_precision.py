"""Which number format fits here, and what becomes of the weights."""

import numpy as np
import pytest

from vlmkit.engines import precision
from vlmkit.engines.desk import desk
from vlmkit.errors import ModelLoadFailed

GIB = 2**30


def choose(memory_bytes, *, on_cpu=True):
    return precision.choose("mlx:m", parameters=GIB, checkpoint_bytes=GIB, on_cpu=on_cpu, memory_bytes=memory_bytes)


@pytest.mark.parametrize(
    ("memory_gib", "expected"), [(5, "float32"), (4.4, "mixed"), (2.5, "mixed"), (None, "float32")]
)
def test_a_cpu_gets_single_precision_while_it_fits(memory_gib, expected):
    """Then half precision for the large matrices; where memory is unknown, the fast form."""
    assert choose(None if memory_gib is None else int(memory_gib * GIB)) == expected


def test_a_gpu_gets_the_checkpoint_as_it_is():
    """Its own format, packed or not."""
    assert choose(2 * GIB, on_cpu=False) == "checkpoint"


@pytest.mark.parametrize(("on_cpu", "advice"), [(True, "smaller model."), (False, "or a 4-bit version of this one.")])
def test_a_model_that_does_not_fit_is_refused_with_figures(on_cpu, advice):
    """Before a byte of it is read."""
    with pytest.raises(ModelLoadFailed, match=r"mlx:m needs \d\.\d GiB of memory, and 0\.9 GiB are free") as caught:
        choose(int(0.9 * GIB), on_cpu=on_cpu)
    assert str(caught.value).endswith(advice)


@pytest.mark.parametrize(
    ("wanted", "inner", "head"),
    [("float32", "float32", "float32"), ("mixed", "bfloat16", "float32"), ("checkpoint", "float16", "float16")],
)
def test_weights_are_converted(engine, wanted, inner, head):
    """Matrices inside, and those at the edge that decide what flows through; whole numbers stay what they are."""

    def run():
        import mlx.core as mx
        from mlx import nn

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.embed_tokens = nn.Embedding(4, 8)
                self.inner = nn.Linear(8, 8)
                self.lm_head = nn.Linear(8, 4)
                self.places = mx.arange(3)

        model = Model()
        model.set_dtype(mx.float16)
        before = np.array(model.inner.weight.astype(mx.float32))
        precision.convert(model, wanted)
        mx.eval(model.parameters())
        kinds = [model.inner.weight, model.inner.bias, model.lm_head.weight, model.embed_tokens.weight, model.places]
        return [str(weight.dtype) for weight in kinds], before, np.array(model.inner.weight.astype(mx.float32))

    kinds, before, after = desk().call(run)
    small = "float32" if wanted == "mixed" else head
    assert kinds == [f"mlx.core.{kind}" for kind in (inner, small, head, head, "int32")]
    np.testing.assert_allclose(after, before, rtol=1e-2)
