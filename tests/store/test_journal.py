"""What is written down: a run's record comes back whole."""

import dataclasses

import pytest
from store_rows import make_run

from vlmkit.store import PictureRecord, RowRecord, RunRecord


def test_everything_said_of_a_run_is_kept(store):
    """Every field of the record, whatever is in it, is found in the list of runs."""
    run = RunRecord(
        model="openai:\udcff@http://localhost/v1",
        revision=None,
        named="local",
        destination="http://localhost",
        prompt="Who made {brand}? \ud83d",
        system="Be brief.",
        task="answer: str",
        sampling={"max_tokens": 256, "stop": ["\n"], "temperature": 0.5},
        longest_side_px=1568,
        total=7,
        workers="auto",
    )
    store.begin(run)
    (found,) = store.runs()
    assert {field.name: found[field.name] for field in dataclasses.fields(run)} == dataclasses.asdict(run)


@pytest.mark.parametrize("record", [make_run(), RowRecord(index=0, label="a", prompt="b"), PictureRecord(digest="00")])
def test_records_are_frozen(record):
    """They may be handed to other threads."""
    name = dataclasses.fields(record)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, name, None)
