"""The device MLX computes on is chosen before anything is loaded."""

import sys
import types

import numpy as np
import pytest

from vlmkit.backends import load
from vlmkit.engines import device
from vlmkit.engines.desk import desk
from vlmkit.engines.mlx import open_engine
from vlmkit.errors import BadSetting, ModelLoadFailed


class Machine:
    """As much of MLX as the choice needs, on a machine with a GPU or without."""

    cpu, gpu = "cpu", "gpu"

    def __init__(self, *, has_gpu):
        self.has_gpu, self.current = has_gpu, self.Device("gpu" if has_gpu else "cpu")

    class Device:
        """Compares by its name, as MLX's does."""

        def __init__(self, name):
            self.type = type("Type", (), {"name": name})

        def __eq__(self, other):
            return self.type.name == other.type.name

        __hash__ = None

    def is_available(self, name):
        return name == "cpu" or self.has_gpu

    def default_device(self):
        return self.current

    def set_default_device(self, wanted):
        self.current = wanted


def chosen(monkeypatch, name, *, has_gpu, loaded=False):
    machine = Machine(has_gpu=has_gpu)
    monkeypatch.setitem(sys.modules, "mlx.core", machine)
    monkeypatch.setattr(sys.modules["mlx"], "core", machine)
    if loaded:
        monkeypatch.setitem(sys.modules, "mlx_vlm", types.ModuleType("mlx_vlm"))
    else:
        monkeypatch.delitem(sys.modules, "mlx_vlm", raising=False)
    device.choose_device(name)
    return machine.current.type.name


@pytest.mark.parametrize("name", ["cuda", "", "GPU", "cpu:0"])
def test_only_three_names_are_known(name):
    """Others are refused before anything is looked for."""
    with pytest.raises(BadSetting, match=f"device: '{name}' cannot be used. Give one of 'auto', 'cpu', 'gpu'"):
        open_engine("nobody/nothing", device=name)


def test_each_machine_computes_where_it_can_and_was_told(monkeypatch):
    """A GPU that is not there is refused; the CPU is always there; auto leaves it as it is."""
    desk().call(lambda: __import__("mlx.core"))
    assert chosen(monkeypatch, "cpu", has_gpu=False) == "cpu"
    assert chosen(monkeypatch, "cpu", has_gpu=True) == "cpu"
    assert chosen(monkeypatch, "gpu", has_gpu=True) == "gpu"
    assert chosen(monkeypatch, "auto", has_gpu=True) == "gpu"
    with pytest.raises(BadSetting, match="finds no GPU"):
        chosen(monkeypatch, "gpu", has_gpu=False)


def test_a_process_stays_on_its_device(monkeypatch):
    """Once a model was loaded: what was made for one device does not work on the other."""
    desk().call(lambda: __import__("mlx.core"))
    assert chosen(monkeypatch, "gpu", has_gpu=True, loaded=True) == "gpu"
    with pytest.raises(ModelLoadFailed, match=r"loaded a model on gpu before\. Start a new process"):
        chosen(monkeypatch, "cpu", has_gpu=True, loaded=True)


@pytest.mark.core_model
def test_a_real_model_is_opened_on_the_cpu_or_not_at_all():
    """On this machine, whatever it has; a GPU that is missing is found out before the model is."""
    from mlx import core

    has_gpu = desk().call(lambda: core.is_available(core.gpu))
    if has_gpu:
        pytest.skip("it has a GPU")
    with load("tiny", device="cpu") as engine:
        assert engine.info.device == "cpu"
        assert engine.generate(None, "Say something.").text
    with pytest.raises(BadSetting, match="finds no GPU"):
        load("mlx:nobody/nothing", device="gpu")


GIB = 2**30


def choose_precision(memory_bytes, *, on_cpu=True):
    return device.choose_precision(
        "mlx:m", parameters=GIB, checkpoint_bytes=GIB, on_cpu=on_cpu, memory_bytes=memory_bytes
    )


@pytest.mark.parametrize(
    ("memory_gib", "expected"), [(5, "float32"), (4.4, "mixed"), (2.5, "mixed"), (None, "float32")]
)
def test_a_cpu_gets_single_precision_while_it_fits(memory_gib, expected):
    """Then half precision for the large matrices; where memory is unknown, the fast form."""
    assert choose_precision(None if memory_gib is None else int(memory_gib * GIB)) == expected


def test_a_gpu_gets_the_checkpoint_as_it_is():
    """Its own format, packed or not."""
    assert choose_precision(2 * GIB, on_cpu=False) == "checkpoint"


@pytest.mark.parametrize(("on_cpu", "advice"), [(True, "smaller model."), (False, "or a 4-bit version of this one.")])
def test_a_model_that_does_not_fit_is_refused_with_figures(on_cpu, advice):
    """Before a byte of it is read."""
    with pytest.raises(ModelLoadFailed, match=r"mlx:m needs \d\.\d GiB of memory, and 0\.9 GiB are free") as caught:
        choose_precision(int(0.9 * GIB), on_cpu=on_cpu)
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
        device.convert_weights(model, wanted)
        mx.eval(model.parameters())
        kinds = [model.inner.weight, model.inner.bias, model.lm_head.weight, model.embed_tokens.weight, model.places]
        return [str(weight.dtype) for weight in kinds], before, np.array(model.inner.weight.astype(mx.float32))

    kinds, before, after = desk().call(run)
    small = "float32" if wanted == "mixed" else head
    assert kinds == [f"mlx.core.{kind}" for kind in (inner, small, head, head, "int32")]
    np.testing.assert_allclose(after, before, rtol=1e-2)
