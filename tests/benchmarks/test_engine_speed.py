"""The comparison itself runs, on a shape of seconds."""

import pytest

from tests.benchmarks.engine_speed import SEEN, main, parse, pictures_of_a_round, rows, table


@pytest.mark.benchmark
def test_the_sides_write_the_same_and_are_timed(tmp_path, capsys):
    """Plain mlx_vlm and our engine, alone and in a batch, agree on tokens; each has its time."""
    arguments = ["--shape", "small", "--rounds", "2", "--tokens", "12", "--batches", "4", "--directory", str(tmp_path)]
    seconds, tokens = main(arguments)
    assert set(seconds) == {"mlx_vlm.generate", "vlmkit, one picture", SEEN, "vlmkit, 4 at once"}
    assert all(value > 0 for values in seconds.values() for value in values)
    # Plain mlx_vlm computes in the checkpoint's half precision, and sooner or later takes another token.
    assert tokens["mlx_vlm.generate"][0][0] == tokens["vlmkit, one picture"][0][0]
    assert tokens[SEEN] == tokens["vlmkit, one picture"]
    assert [sorted(tokens[label]) for label in ("vlmkit, one picture", "vlmkit, 4 at once")] == [
        [0, 5],
        [1, 2, 3, 4, 6, 7, 8, 9],
    ]
    assert len({tuple(written) for written in tokens["vlmkit, 4 at once"].values()}) > 1
    assert "| vlmkit, 4 at once |" in capsys.readouterr().out


def test_the_table_compares_medians_and_tokens():
    """Against plain mlx_vlm, and against PyTorch at the same number of pictures and about the same pictures."""
    lines = table(
        {
            "mlx_vlm.generate": [80.0],
            "vlmkit, one picture": [9.0, 8.0, 70.0],
            "PyTorch fp32, one picture": [7.5],
            "vlmkit, 8 at once": [4.0],
        },
        {
            "mlx_vlm.generate": {0: [1] * 30},
            "vlmkit, one picture": {0: [1] * 30, 9: [2] * 30, 18: [3] * 30},
            "PyTorch fp32, one picture": {0: [1] * 30, 9: [2] * 10 + [4] * 20, 18: [5] * 30},
            "vlmkit, 8 at once": {1: [1] * 30},
        },
    ).splitlines()
    assert lines[2:] == [
        "| mlx_vlm.generate | 80.00 | 80.00 to 80.00 | 1.0 |  | 1 of 1 | 1 of 1 |",
        "| vlmkit, one picture | 9.00 | 8.00 to 70.00 | 8.9 | 1.20 | 2 of 3 | 1 of 3 |",
        "| PyTorch fp32, one picture | 7.50 | 7.50 to 7.50 | 10.7 |  |  |  |",
        "| vlmkit, 8 at once | 4.00 | 4.00 to 4.00 | 20.0 |  |  |  |",
    ]


def test_every_side_is_measured_at_every_size_on_fresh_pictures():
    """PyTorch only where it is at hand; plain mlx_vlm one picture at a time; one row repeats a picture and says so."""
    batches = parse(["--batches", "8"]).batches
    assert [(side, list(pictures)) for _, side, pictures in rows(batches, 9, with_torch=True)] == [
        ("stock", [9]),
        ("engine", [9]),
        ("engine", [9]),
        ("torch", [9]),
        ("engine", [*range(10, 18)]),
        ("torch", [*range(10, 18)]),
    ]
    assert not any(side == "torch" for _, side, _ in rows([8, 16], 0, with_torch=False))
    assert pictures_of_a_round(batches) == 9
    asked = [row for first in (0, 9) for row in rows(batches, first, with_torch=False)]
    fresh = [pictures for label, side, pictures in asked if side == "engine" and label != SEEN]
    assert [number for pictures in fresh for number in pictures] == [*range(18)]
