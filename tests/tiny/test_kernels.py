"""Values and gradients of the NumPy kernels are those of MLX's own functions."""

import numpy as np
import pytest

mx = pytest.importorskip("mlx.core")
from mlx import nn  # noqa: E402

from vlmkit.tiny import kernels  # noqa: E402

pytestmark = pytest.mark.core_model


@pytest.mark.parametrize(
    ("ours", "theirs", "inputs"),
    [
        (kernels.gelu, nn.gelu_approx, 1),
        (kernels.swiglu, lambda gate, up: nn.silu(gate) * up, 2),
        (kernels.softmax, lambda scores: mx.softmax(scores, axis=-1), 1),
    ],
    ids=["gelu", "swiglu", "softmax"],
)
def test_values_and_gradients_agree(ours, theirs, inputs):
    """To single precision, on random inputs with a random cotangent."""
    mx.random.seed(0)
    arrays = [3 * mx.random.normal((5, 7)) for _ in range(inputs)]
    weight = mx.random.normal((5, 7))
    places = tuple(range(inputs))
    value, gradients = mx.value_and_grad(lambda *a: (ours(*a) * weight).sum(), argnums=places)(*arrays)
    expected, expected_gradients = mx.value_and_grad(lambda *a: (theirs(*a) * weight).sum(), argnums=places)(*arrays)
    assert value.item() == pytest.approx(expected.item(), abs=1e-4)
    for gradient, reference in zip(gradients, expected_gradients, strict=True):
        assert mx.abs(gradient - reference).max().item() < 1e-5


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_agrees(smoothing):
    """Weights, smoothing and an outer factor reach the gradient."""
    logits = mx.random.normal((6, 4))
    targets = mx.array([0, 1, 2, 3, 0, 1])
    weights = mx.random.uniform(shape=(6,))

    def reference_loss(a):
        return 2 * (nn.losses.cross_entropy(a, targets, label_smoothing=smoothing) * weights).sum()

    value, gradient = mx.value_and_grad(lambda a: 2 * kernels.cross_entropy(a, targets, weights, smoothing))(logits)
    expected, reference = mx.value_and_grad(reference_loss)(logits)
    assert value.item() == pytest.approx(expected.item(), abs=1e-4)
    assert mx.abs(gradient - reference).max().item() < 1e-5


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_mlx_itself_computes_the_same_where_it_has_a_gpu(smoothing, monkeypatch):
    """Each function has its namesake."""
    x, y = mx.random.normal((4, 6)), mx.random.normal((4, 6))
    targets, weights = mx.array([0, 5, 2, 1]), mx.random.uniform(shape=(4,))

    def values():
        results = kernels.gelu(x), kernels.swiglu(x, y), kernels.softmax(x)
        return [*results, kernels.cross_entropy(x, targets, weights, smoothing)]

    here = values()
    monkeypatch.setattr(kernels, "_on_gpu", lambda: True)
    assert all(mx.allclose(one, other, atol=1e-5).item() for one, other in zip(here, values(), strict=True))


def test_losses_to_look_at_are_cross_entropies():
    """Row by row, without smoothing."""
    logits, targets = mx.random.normal((6, 4)), mx.array([0, 1, 2, 3, 0, 1])
    expected = nn.losses.cross_entropy(logits, targets).tolist()
    assert kernels.losses_of(logits, np.array(targets)).tolist() == pytest.approx(expected, abs=1e-5)
