"""Near duplicates among drawn scenes, which resemble each other more than photos do."""

import random
from io import BytesIO

import pandas as pd
import pytest
from PIL import Image

from tests.evaluation.conftest import SCENES
from vlmkit.errors import SetupError
from vlmkit.evaluation.near_duplicates import duplicates, near_duplicates
from vlmkit.evaluation.words import words_of


def saved(image, **options):
    buffer = BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


@pytest.fixture
def pictures(truth):
    """Forty scenes, the first five also saved again, each in another way."""
    originals = [Image.open(SCENES / name).convert("RGB") for name in truth["file_name"][:40]]
    first, second, third, fourth, fifth = originals[:5]
    again = [
        saved(first, format="JPEG", quality=30),
        saved(second.resize((second.width // 2, second.height // 2)), format="PNG"),
        saved(third.point(lambda level: min(255, int(level * 1.06))), format="WEBP", quality=80),
        saved(fourth.crop((1, 1, fourth.width - 1, fourth.height - 1)), format="PNG"),
        saved(fifth, format="GIF"),
    ]
    labels = [f"scene {number}" for number in range(40)] + [f"again {number}" for number in range(5)]
    return pd.Series([*(saved(image, format="PNG") for image in originals), *again], index=labels)


def test_copies_are_found_and_nothing_else(pictures):
    """Five groups of two; 780 pairs of like drawings are none."""
    found = duplicates(pictures)
    copies = found[found["like"].notna()]
    assert copies["like"].to_dict() == {f"again {number}": f"scene {number}" for number in range(5)}
    assert found["group"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert (found["similarity"] >= 0.985).all()


def test_what_is_connected_is_one_group(pictures):
    """Three of the same, and the first of them by position stands for it."""
    frame = pd.DataFrame({"image": [*pictures[:3], pictures.iloc[0], pictures.iloc[0]]})
    found = duplicates(frame)
    assert found.index.tolist() == [0, 3, 4]
    assert found["like"].isna().tolist() == [True, False, False]
    assert set(found["group"]) == {0}


def test_plain_pictures_are_told_apart_by_their_color():
    """Without any content there is only the color, and the noise of a JPEG is not content."""
    plain = [Image.new("RGB", (50, 50), color) for color in ("white", "gray", "red", "blue")]
    series = pd.Series([*plain, saved(plain[0], format="JPEG", quality=40), saved(plain[2], format="JPEG", quality=40)])
    assert duplicates(series)["like"].dropna().to_dict() == {4: 0, 5: 2}


def test_nothing_to_find():
    """Pictures that cannot be read, one alone, none at all."""
    for series in (pd.Series([b"no picture", b"no picture", None]), pd.Series([], dtype=object)):
        assert duplicates(series).empty
    with pytest.raises(SetupError, match="above 0"):
        duplicates(pd.Series([b"x"]), similarity=2)
    with pytest.raises(SetupError, match="no column 'path' or 'image'"):
        duplicates(pd.DataFrame({"a": [1]}))


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
