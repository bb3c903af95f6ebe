"""A warning is shown at the user's own line."""

import sys
import warnings

from vlmkit.notices import _stacklevel, warn


def test_a_warning_names_the_line_outside_the_package():
    """Python shows the user's line, not one of vlmkit's."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn("two rows were left out")
    assert [(str(each.message), each.filename, each.category) for each in caught] == [
        ("two rows were left out", __file__, UserWarning)
    ]


def test_a_warning_passes_the_package_to_its_caller(fresh_python):
    """A call that goes through the package's own functions is shown where it was made."""
    code = """if True:
        import warnings
        warnings.simplefilter("always")
        import vlmkit as vk
        frame = vk.read_images(["missing.jpg"])
        vk.caption(frame["path"], model="tiny", store=False, progress=False)
    """
    assert "<string>:6: UserWarning: 1 of 1 rows failed" in fresh_python(code).stderr


def test_the_stack_level_never_leaves_the_stack():
    """A call from the interpreter's own top level has no frame above."""
    assert 0 <= _stacklevel() <= len(list(_frames()))


def _frames():
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back
