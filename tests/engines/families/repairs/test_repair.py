"""A repair changes one object; the class of the others stays as it is."""

from vlmkit.engines.families.repairs.repair import override


class Model:
    def __init__(self):
        self.width = 3

    def __call__(self, x):
        return x + self.width


def test_one_object_has_other_methods():
    """Calling it, too, which Python looks up on the class; the method before can be called."""
    mended, other = Model(), Model()

    def call(self, x):
        return 10 * Model.__call__(self, x)

    override(mended, __call__=call)
    assert mended(1) == 40
    assert isinstance(mended, Model)
    assert mended.width == 3
    assert other(1) == 4


def test_overriding_twice_keeps_the_first():
    """Two repairs may change different methods of one object."""
    model = Model()
    override(model, __call__=lambda _self, x: -x)
    override(model, describe=lambda self: f"width {self.width}")
    assert (model(2), model.describe()) == (-2, "width 3")
