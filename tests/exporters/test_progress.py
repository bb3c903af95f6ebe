"""The bar."""

from vlmkit.exporters.progress import with_bar


def test_a_bar_counts_on_stderr(capsys):
    """Only where one is wanted; the items are the same."""
    assert list(with_bar(range(3), total=3, title="set", progress=True)) == [0, 1, 2]
    shown = capsys.readouterr()
    assert "set: 100%" in shown.err
    assert "3/3" in shown.err
    assert list(with_bar(range(3), total=3, title="set", progress=False)) == [0, 1, 2]
    assert list(with_bar(range(3), total=3, title="set", progress="auto")) == [0, 1, 2]
    assert capsys.readouterr().err == shown.out == ""
