"""Questions whose answer is in the picture and nowhere else."""

import random

import pytest

from vlmkit.backends import Abilities
from vlmkit.evaluation.probe_images import background_probe, form_probe, named, sight_probes, upright_probes

COLORS = ("red", "green", "gray", "black")


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("Red.", ("red",)),
        ("The grey circle is **grey**", ("gray",)),
        ("red, then green", ("red", "green")),
        ("a blackboard, coloured", ()),
        ("it might be red or green or gray or black", ("red", "green", "gray", "black")),
    ],
)
def test_names_in_an_answer(answer, names):
    """Whole words only, in order, by any of their names."""
    assert named(answer, COLORS) == names


def test_who_names_everything_has_solved_nothing():
    """A list of all colors has the right one in it, and is not an answer."""
    for probe in sight_probes(random.Random(1), 8):
        assert probe.is_solved(f"I would say {probe.right[0]}.")
        assert not probe.is_solved(", ".join(probe.kind))
        assert not probe.is_solved("")


def test_the_same_seed_draws_the_same_and_none_of_it_is_in_the_words():
    """The question alone does not tell the answer: it has no name of the kind that is asked for."""
    first = sight_probes(random.Random(7), 20)
    assert first == sight_probes(random.Random(7), 20)
    assert first != sight_probes(random.Random(8), 20)
    for probe in [*first, *upright_probes(random.Random(7), 3), background_probe(random.Random(7))]:
        assert named(probe.question, probe.kind) == ()
    assert len({probe.right for probe in first}) > 5


def test_asks_are_ready_to_be_sent():
    """Pictures are normalized, and a schema is a constraint."""
    ask = form_probe(random.Random(2)).ask(Abilities(longest_side_px=96), 3.0)
    assert max(ask.pictures[0].width, ask.pictures[0].height) == 96
    assert ask.constraint.kind == "json_schema"
    assert ask.timeout_s == 3.0
    assert len(background_probe(random.Random(2)).ask(Abilities(longest_side_px=96), None).pictures) == 2
