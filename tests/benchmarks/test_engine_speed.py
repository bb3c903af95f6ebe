"""The comparison itself runs, on a shape of seconds."""

import pytest

from tests.benchmarks.engine_speed import main, parse, rows, table


@pytest.mark.benchmark
def test_the_sides_write_the_same_and_are_timed(tmp_path, capsys):
    """Plain mlx_vlm and our engine, alone and in a batch, agree on tokens; each has its time."""
    arguments = ["--shape", "small", "--rounds", "2", "--tokens", "12", "--batches", "4", "--directory", str(tmp_path)]
    seconds, tokens = main(arguments)
    assert set(seconds) == {"mlx_vlm.generate", "vlmkit, one picture", "vlmkit, 4 at once"}
    assert all(value > 0 for values in seconds.values() for value in values)
    assert len({tuple(written[:8]) for written in tokens.values()}) == 1
    assert "| vlmkit, 4 at once |" in capsys.readouterr().out


def test_the_table_compares_medians():
    """Against plain mlx_vlm, and against PyTorch at the same number of pictures."""
    lines = table(
        {
            "mlx_vlm.generate": [80.0],
            "vlmkit, one picture": [9.0, 8.0, 70.0],
            "PyTorch fp32, one picture": [7.5],
            "vlmkit, 8 at once": [4.0],
        }
    ).splitlines()
    assert lines[2:] == [
        "| mlx_vlm.generate | 80.00 | 80.00 to 80.00 | 1.0 |  |",
        "| vlmkit, one picture | 9.00 | 8.00 to 70.00 | 8.9 | 1.20 |",
        "| PyTorch fp32, one picture | 7.50 | 7.50 to 7.50 | 10.7 |  |",
        "| vlmkit, 8 at once | 4.00 | 4.00 to 4.00 | 20.0 |  |",
    ]


def test_every_side_is_measured_at_every_size():
    """PyTorch only where it is at hand; plain mlx_vlm one picture at a time."""
    options = parse(["--batches", "8"])
    assert [(side, count) for _, side, count in rows(options.batches, with_torch=True)] == [
        ("stock", 1),
        ("engine", 1),
        ("torch", 1),
        ("engine", 8),
        ("torch", 8),
    ]
    assert not any(side == "torch" for _, side, _ in rows([8, 16], with_torch=False))
