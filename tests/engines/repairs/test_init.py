"""The table of repairs: which rows apply, in what order, and that each fault is looked for."""

import dataclasses
from contextlib import contextmanager

import pytest

from vlmkit.engines.repairs.repair import Repair

CONFIG = {"model_type": "quince"}


def row(log, name, *, families=("quince",), before=True, after=True):
    """A repair that writes down when it is asked."""

    @contextmanager
    def held():
        log.append(f"{name} opens")
        try:
            yield
        finally:
            log.append(f"{name} closes")

    def mend(model, processor, config):
        log.append(f"{name} looks at {model}, {processor}, {config['model_type']}")
        return after

    return Repair(
        families=frozenset(families),
        remark=f"{name}.",
        before_load=lambda _config: held() if before else None,
        after_load=mend,
    )


def opened(log):
    def load():
        log.append("loads")
        return "model", "processor"

    return load


def test_before_is_around_the_load_and_after_follows(repairs):
    """What a repair changes while files are read is put back before the model is touched."""
    log = []
    mended = repairs.load(CONFIG, opened(log), table=(row(log, "A"),))
    assert log == ["A opens", "loads", "A closes", "A looks at model, processor, quince"]
    assert (mended.model, mended.processor, mended.remarks) == ("model", "processor", ("A.",))


def test_other_families_are_left_alone(repairs):
    """A row is asked about its own families only."""
    log = []
    mended = repairs.load(CONFIG, opened(log), table=(row(log, "A", families=("medlar",)),))
    assert log == ["loads"]
    assert mended.remarks == ()


def test_only_what_was_mended_is_said(repairs):
    """A fault that is absent, or gone from mlx_vlm, leaves no remark; a row has one, in the table's order."""
    log = []
    table = (row(log, "A", before=False), row(log, "B", after=False), row(log, "C", before=False, after=False))
    assert repairs.load(CONFIG, opened(log), table=table).remarks == ("A.", "B.")


def test_several_pictures_are_taken_by_a_repair_that_was_needed(repairs):
    """One that found nothing to mend allows nothing."""
    rows = [
        dataclasses.replace(row([], "A", before=False, after=needed), is_for_several=True) for needed in (True, False)
    ]
    assert [repairs.load(CONFIG, opened([]), table=(one,)).takes_several for one in rows] == [True, False]
    assert not repairs.load(CONFIG, opened([]), table=(row([], "A"),)).takes_several


def test_the_change_is_put_back_where_loading_fails(repairs):
    """The next model of the process finds mlx_vlm as it was."""
    log = []

    def broken():
        raise OSError

    with pytest.raises(OSError):
        repairs.load(CONFIG, broken, table=(row(log, "A"),))
    assert log == ["A opens", "A closes"]


def test_every_row_of_the_table_says_what_it_does(repairs):
    """Remarks are whole sentences that users read, each once."""
    remarks = [row.remark for row in repairs.REPAIRS]
    assert len(set(remarks)) == len(remarks)
    for row in repairs.REPAIRS:
        assert row.families
        assert row.remark[0].isupper() or row.remark.startswith("mlx_vlm")
        assert row.remark.endswith(".")
        assert row.before_load or row.after_load
