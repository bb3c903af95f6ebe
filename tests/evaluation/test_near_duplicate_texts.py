"""Near duplicates against a comparison of each with each."""

import random

from vlmkit.evaluation.near_duplicate_texts import near_duplicates
from vlmkit.evaluation.words import words_of


def runs(text):
    words = words_of(text)
    return {tuple(words[at : at + 3]) for at in range(len(words) - 2)}


def by_all_pairs(texts, similarity):
    """Positions that an earlier text is like."""
    sets = [runs(text) for text in texts]
    alike = [
        any(len(mine & other) >= similarity * len(mine | other) for other in sets[:at]) for at, mine in enumerate(sets)
    ]
    return {at for at, each in enumerate(alike) if each}


def test_what_all_pairs_find_is_found():
    """600 texts, a third of them changed in a word or two: at 0.9 nearly all pairs, and no other."""
    rng = random.Random(5)
    words = [f"word{number}" for number in range(400)]
    texts = []
    for _ in range(600):
        if texts and rng.random() < 0.33:
            changed = rng.choice(texts).split()
            changed[rng.randrange(len(changed))] = rng.choice(words)
            texts.append(" ".join(changed))
        else:
            texts.append(" ".join(rng.choices(words, k=rng.randint(40, 120))))
    expected = by_all_pairs(texts, 0.9)
    found = set(near_duplicates(texts, similarity=0.9))
    assert found <= expected
    assert len(found) >= 0.97 * len(expected) > 50


def test_the_same_words_are_the_same_text():
    """Case, marks and spaces do not tell texts apart; the first stands for all."""
    assert near_duplicates(["A cat.", "a dog", "a CAT", "", "!", "a  cat!"], similarity=0.9) == {2: 0, 5: 0}


def test_a_chain_leads_to_its_beginning():
    """Twenty thousand equal texts are no worse than as many different ones."""
    texts = ["the same long text as all the others here"] * 20_000
    found = near_duplicates(texts, similarity=0.9)
    assert len(found) == 19_999
    assert set(found.values()) == {0}
