"""NumPy kernels compute what their mlx namesakes compute."""

import inspect

import numpy as np
import pytest

from vlmkit.engines.desk import desk


def normal(*shape, seed=0, scale=1.0):
    return (scale * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def both(work, absolute=3e-6):
    """Run a comparison on the desk: what mlx gives and what the kernel gives, as NumPy arrays."""

    def run():
        import mlx.core as mx
        from mlx import nn

        from vlmkit.engines import kernels

        return tuple(np.array(result) for result in work(mx, nn, kernels))

    expected, got = desk().call(run)
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=2e-4, atol=absolute)


def original(owner, name):
    """Mlx's own function, also where an engine in this process has put a kernel in its place."""
    return inspect.unwrap(getattr(owner, name))


ELEMENTWISE = [("silu", "silu"), ("gelu", "gelu"), ("gelu_approx", "gelu_tanh"), ("gelu_fast_approx", "gelu_fast")]


@pytest.mark.parametrize(("name", "kernel"), ELEMENTWISE)
@pytest.mark.parametrize("shape", [(7,), (1, 1, 96), (3, 40_000)])
def test_activations(name, kernel, shape):
    """Of small, middling and very large values, across the borders of blocks."""
    values = normal(*shape, scale=4)
    values.flat[:4] = (0.0, -90.0, 90.0, -1e-6)
    both(lambda mx, nn, k: (original(nn, name)(mx.array(values)), getattr(k, kernel)(mx.array(values))))


def test_sigmoid_of_extremes_is_silent():
    """No overflow warning where the result is 0 or 1."""
    values = np.array([-1e4, -100, 0, 100, 1e4], np.float32)
    both(lambda mx, nn, k: (mx.sigmoid(mx.array(values)), k.sigmoid(mx.array(values))))


@pytest.mark.parametrize("shape", [(5,), (3, 4, 900)])
def test_softmax_and_logsumexp(shape):
    """Over the last axis, without overflow; the argument stays as it was."""
    values = normal(*shape, scale=40)
    both(lambda mx, nn, k: (original(mx, "softmax")(mx.array(values), axis=-1), k.softmax(mx.array(values))))
    for keep in (True, False):
        both(
            lambda mx, nn, k, keep=keep: (
                original(mx, "logsumexp")(mx.array(values), axis=-1, keepdims=keep),
                k.logsumexp(mx.array(values), axis=-1, keepdims=keep),
            )
        )

    def untouched(mx, nn, k):
        array = mx.array(values)
        k.softmax(array)
        return mx.array(values), array

    both(untouched)


@pytest.mark.parametrize("weighted", [True, False])
def test_rms_norm(weighted):
    """With and without weights, for one row and for many."""
    values, weights = normal(2, 3, 64), normal(64, seed=1)
    both(
        lambda mx, nn, k: (
            original(mx.fast, "rms_norm")(mx.array(values), mx.array(weights) if weighted else None, 1e-5),
            k.rms_norm(mx.array(values), mx.array(weights) if weighted else None, 1e-5),
        )
    )


@pytest.mark.parametrize("traditional", [True, False])
@pytest.mark.parametrize("dims", [16, 8])
@pytest.mark.parametrize("offset", [0, 700, (3, 41)])
def test_rope(traditional, dims, offset):
    """Both layouts, part of the width, one offset for all rows or one for each."""
    values = normal(2, 3, 5, 16)
    options = {"traditional": traditional, "base": 10000.0, "scale": 1.0}

    def work(mx, nn, k):
        place = mx.array(offset) if isinstance(offset, tuple) else offset
        return (
            original(mx.fast, "rope")(mx.array(values), dims, **options, offset=place),
            k.rope(mx.array(values), dims, **options, offset=place),
        )

    both(work, absolute=1e-4)  # both round the angle, in the seventh digit of a place times a speed


def test_rope_with_frequencies_of_its_own():
    """As scaled variants pass them."""
    values, frequencies = normal(1, 2, 4, 16), 1 + abs(normal(8, seed=3))
    options = {"traditional": False, "base": None, "scale": 0.5, "offset": 9}
    both(
        lambda mx, nn, k: (
            original(mx.fast, "rope")(mx.array(values), 16, **options, freqs=mx.array(frequencies)),
            k.rope(mx.array(values), 16, **options, freqs=mx.array(frequencies)),
        )
    )


@pytest.mark.parametrize("heads", [(4, 4), (6, 2)])
@pytest.mark.parametrize(("length", "keys"), [(1, 33), (9, 12), (260, 300)])
@pytest.mark.parametrize("mask", [None, "causal", "seen", "added"])
def test_attention(heads, length, keys, mask):
    """Grouped heads, one query and many, all forms of masks, below and above the size where heads are taken in turn."""
    queries, values = normal(2, heads[0], length, 16), normal(2, heads[1], keys, 16, seed=2)
    seen = np.arange(keys)[None, None, None] >= np.array([0, 5])[:, None, None, None]
    added = normal(1, 1, length, keys, seed=4)

    def work(mx, nn, k):
        arrays = [mx.array(array) for array in (queries, normal(2, heads[1], keys, 16, seed=1), values)]
        masks = {"seen": mx.array(seen), "added": mx.array(added)}
        options = {"scale": 0.25, "mask": masks.get(mask, mask)}
        return original(mx.fast, "scaled_dot_product_attention")(*arrays, **options), k.attention(*arrays, **options)

    both(work)


def test_a_row_that_sees_nothing_stays_finite():
    """Padding may be masked whole; it must not poison what is computed beside it."""

    def run():
        import mlx.core as mx

        from vlmkit.engines import kernels

        arrays = [mx.array(normal(1, 1, size, 8, seed=size)) for size in (1, 4, 4)]
        return np.array(kernels.attention(*arrays, scale=1.0, mask=mx.zeros((1, 1, 1, 4), dtype=mx.bool_)))

    assert np.isfinite(desk().call(run)).all()


def test_one_row_through_the_blas(engine):
    """A matrix times a row, also where either lies in memory in another order; what is not one row does not fit."""

    def run():
        import mlx.core as mx

        from vlmkit.engines import blas, kernels

        if blas.library() is None:
            pytest.skip("no BLAS was loaded on this machine")
        matvec = kernels.Matvec(kernels.sgemv_of(blas.library()))
        weight, row = mx.array(normal(200, 96)), mx.array(normal(1, 1, 96, seed=1))
        turned = mx.array(normal(96, 200)).T
        fits = [
            matvec.fits(weight, row),
            matvec.fits(weight, mx.array(normal(1, 2, 96))),
            matvec.fits(weight.astype(mx.bfloat16), row),
            matvec.fits(weight[:8], row),
        ]
        results = [np.array(matvec(matrix, row)) for matrix in (weight, turned)]
        return fits, results, [np.array(row) @ np.array(matrix).T for matrix in (weight, turned)]

    fits, results, expected = desk().call(run)
    assert fits == [True, False, False, False]
    for got, right in zip(results, expected, strict=True):
        assert got.shape == (1, 1, 200)
        np.testing.assert_allclose(got, right, rtol=1e-4, atol=1e-4)


def test_a_library_without_the_function_gives_none():
    """The C library has no sgemv."""
    import ctypes.util

    from vlmkit.engines.kernels import sgemv_of

    assert sgemv_of(ctypes.util.find_library("c")) is None
