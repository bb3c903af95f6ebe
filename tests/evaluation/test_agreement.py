"""Agreement against published examples."""

import math

import pytest

from vlmkit.evaluation.agreement import cohen_kappa, krippendorff_alpha

N = None
# Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, example C: four observers, twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]


def test_alpha_of_the_paper():
    """0.743 of names, 0.849 of numbers."""
    assert krippendorff_alpha(OBSERVERS) == pytest.approx(0.743, abs=0.0005)
    assert krippendorff_alpha(OBSERVERS, level="interval") == pytest.approx(0.849, abs=0.0005)


def test_kappa_of_fifty_proposals():
    """Two readers, 20 times both yes, 15 times both no, 5 and 10 times not the same: 0.4."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa([*first, None], [*second, "yes"]) == pytest.approx(0.4)


def test_agreement_has_its_ends():
    """Full agreement is 1, less than chance is below 0."""
    assert cohen_kappa("abab", "abab") == krippendorff_alpha(["abab", "abab"]) == 1
    assert cohen_kappa("abab", "baba") == -1
    assert krippendorff_alpha(["abab", "baba"]) < 0


@pytest.mark.parametrize("answers", [["aaaa", "aaaa"], [[None], ["a"]], ["", ""]])
def test_where_chance_explains_everything_there_is_no_figure(answers):
    """One word from everybody, or no row in common."""
    assert math.isnan(cohen_kappa(*answers))
    assert math.isnan(krippendorff_alpha(answers))
