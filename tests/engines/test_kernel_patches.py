"""Kernels stand in for mlx on the desk alone, for what they fit, and only after they were checked."""

import inspect
import logging
import threading
from dataclasses import replace

import numpy as np
import pytest

from vlmkit.engines.desk import desk


@pytest.fixture
def substitutes(engine):
    """The module, imported where MLX may be."""
    return desk().call(lambda: __import__("vlmkit.engines.kernel_patches", fromlist=["kernel_patches"]))


def test_every_substitute_agrees_with_mlx_here(substitutes):
    """Each on its own samples, which it must be written for."""
    faults = desk().call(lambda: {each.name: substitutes.check(each) for each in substitutes.SUBSTITUTES})
    assert len(faults) == 9
    assert not any(faults.values()), faults


def test_one_that_computes_something_else_is_found(substitutes):
    """Also one that raises, or has another shape, or is not written for its own sample."""
    silu = substitutes.SUBSTITUTES[0]
    wrong = {
        "differs from mlx": lambda x: silu.function(x) * 1.001,
        "fails with ZeroDivisionError": lambda x: 1 / 0,
        "silu differs": lambda x: silu.function(x)[..., :1],
    }
    for message, function in wrong.items():
        assert message in desk().call(lambda f=function: substitutes.check(replace(silu, function=f)))
    assert "not written for" in desk().call(lambda: substitutes.check(replace(silu, fits=lambda _: False)))


def test_an_engine_on_a_cpu_has_them_all(engine, substitutes):
    """None was refused on this machine."""
    if engine.info.device != "cpu":
        pytest.skip("kernels are for CPUs")
    expected = {each.name for each in substitutes.SUBSTITUTES}
    assert expected <= set(substitutes.installed())


def test_only_the_desk_gets_them(engine, substitutes):
    """On another thread the name gives mlx's own function, whose result can be differentiated."""
    if not substitutes.installed():
        pytest.skip("nothing was put in on this machine")
    seen = []

    def elsewhere():
        import mlx.core as mx
        from mlx import nn

        gradient = mx.grad(lambda x: nn.silu(x).sum())(mx.array([0.0, 1.0]))
        mx.eval(gradient)
        seen.append(np.array(gradient))
        mx.clear_streams()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    np.testing.assert_allclose(seen[0], [0.5, 0.927671], rtol=1e-4)


def test_other_number_formats_go_to_mlx(engine, substitutes):
    """Half precision comes back as half precision."""

    def run():
        import mlx.core as mx
        from mlx import nn

        return str(nn.silu(mx.ones((1, 9), dtype=mx.bfloat16)).dtype)

    assert desk().call(run) == "mlx.core.bfloat16"


def test_small_batches_and_unusual_options_go_to_mlx(substitutes):
    """What NumPy would only slow down, or does not know, does not fit."""

    def run():
        import mlx.core as mx

        rows, row, large = mx.ones((2, 9)), mx.ones((1, 9)), mx.ones((2, 2**13))
        query = mx.ones((1, 2, 1, 8))
        return [
            substitutes._fits_elementwise(rows),
            substitutes._fits_elementwise(row),
            substitutes._fits_elementwise(large),
            substitutes._fits_last_axis(large, axis=0),
            substitutes._fits_last_axis(large, axis=1),
            substitutes._fits_rms_norm(rows, None, 1e-5),
            substitutes._fits_attention(query, query, query, scale=1.0, sinks=mx.ones((2,))),
            substitutes._fits_attention(query, query, query, scale=1.0),
            substitutes._fits_rope(mx.ones((2, 2, 1, 8)), 8),
            substitutes._fits_rope(query, 8),
        ]

    assert desk().call(run) == [False, True, True, False, True, False, False, True, False, True]


def test_what_disagrees_is_left_to_mlx_with_a_notice(substitutes, monkeypatch, caplog):
    """The others are put in all the same; a second call does nothing more."""

    def run():
        from types import SimpleNamespace

        owner = SimpleNamespace(right=abs, wrong=abs)
        sample = substitutes.Substitute(
            owners=(owner,), name="right", function=abs, fits=lambda _: True, sample=lambda: [((-1.0,), {})]
        )
        bad = replace(sample, name="wrong", function=lambda x: x)
        monkeypatch.setattr(substitutes, "SUBSTITUTES", (sample, bad))
        monkeypatch.setattr(substitutes, "_installed", [])
        monkeypatch.setattr(substitutes.blas, "library", lambda: None)
        substitutes.install()
        monkeypatch.setattr(substitutes, "SUBSTITUTES", None)
        substitutes.install()
        return owner, substitutes.installed()

    with caplog.at_level(logging.WARNING, "vlmkit"):
        owner, names = desk().call(run)
    assert names == ("right",)
    assert inspect.unwrap(owner.right) is abs
    assert owner.right is not abs
    assert owner.wrong is abs
    assert "wrong differs from mlx" in caplog.text
