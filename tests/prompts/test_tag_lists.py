"""Tags out of any usual list; nothing that was not understood is lost without a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.tag_lists import says_none, tags_of
from vlmkit.prompts.vocabulary import Vocabulary

PETS = ["cat", "dog", "bird"]


def read(text, terms=PETS):
    return Vocabulary(terms, column="t").read(text)["t"]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Tags: cat, dog", ["cat", "dog"]),
        ("1. cat\n2. dog", ["cat", "dog"]),
        ("1) cat, 2) dog", ["cat", "dog"]),
        ("#cat #dog", ["cat", "dog"]),
        ("cat and dog", ["cat", "dog"]),
        ("cat dog", ["cat", "dog"]),
        ("cat | dog", ["cat", "dog"]),
        ("cat、dog", ["cat", "dog"]),
        ("cat/dog", ["cat", "dog"]),
        ("a cat", ["cat"]),
        ("<tags>cat, dog</tags>", ["cat", "dog"]),
        ("cat: 0.98, dog: 0.4", ["cat", "dog"]),
        ("cat (pet), dog", ["cat", "dog"]),
        ("animals: cat, dog", ["cat", "dog"]),
        ("The image contains a cat and a dog.", ["cat", "dog"]),
        ("none", []),
        ("None.", []),
        ("[]", []),
        ('{"tags": []}', []),
        ("none of them", []),
        ("None of the above", []),
        ("No tags apply.", []),
        ("N/A", []),
        ("- cat\n- dog", ["cat", "dog"]),
        ("* cat\n* dog", ["cat", "dog"]),
        ("• cat\n• dog", ["cat", "dog"]),
        ("**cat**, **dog**", ["cat", "dog"]),
        ('["cat","dog"]', ["cat", "dog"]),
        ("[cat, dog]", ["cat", "dog"]),
        ("cat; dog", ["cat", "dog"]),
        ("cat\ndog\n", ["cat", "dog"]),
        ("cat, dog, and bird", ["cat", "dog", "bird"]),
        ("cat, dog and a bird.", ["cat", "dog", "bird"]),
        ("cat & dog", ["cat", "dog"]),
        ("CAT, Dog", ["cat", "dog"]),
        ("`cat`, `dog`", ["cat", "dog"]),
        ("cat - 98%\ndog - 50%", ["cat", "dog"]),
        ("cat (0.9), dog (0.8)", ["cat", "dog"]),
        ("cat, no dog", ["cat"]),
        ("horse, cat", ["cat"]),
        ("```\ncat, dog\n```", ["cat", "dog"]),
        ('```json\n["cat"]\n```', ["cat"]),
        ('{"tags": ["cat", "dog"], "note": "x"}', ["cat", "dog"]),
        ('{"labels": ["cat"]}', ["cat"]),
        ("cat·dog", ["cat", "dog"]),
        ("I see a cat.", ["cat"]),
        ("cat, dog, cat", ["cat", "dog"]),
        ("The tags are: cat, dog", ["cat", "dog"]),
        ("Labels: none", []),
        ("dog.", ["dog"]),
        ("cat\n\ndog", ["cat", "dog"]),
        ("cat，dog；bird", ["cat", "dog", "bird"]),
        ("a) cat\nb) dog", ["cat", "dog"]),
        ("Here are the tags: cat, dog", ["cat", "dog"]),
        ('"cat", "dog"', ["cat", "dog"]),
        ("cat,dog", ["cat", "dog"]),
        ("cat + dog", ["cat", "dog"]),
        ("nothing", []),
    ],
)
def test_a_list_is_read_whole(text, tags):
    """Numbers, bullets, hashes, "and", bars, scores, asides, JSON, wrappings, a lead; and the ways to say none."""
    assert read(text) == tags


@pytest.mark.parametrize(
    "text",
    [
        "I don't see any image.",
        "A man with a hot dog",
        "hot dog",
        "no cat, dog",
        "not a dog",
        "cat but not dog",
        "black cat, dog",
        "horse, cow",
        "none, cat",
        '{"a": ["cat"], "b": ["dog"]}',
        "cat → dog",
        "There are a cat and two dogs",
        "neither cat nor dog",
        "cat or dog",
        "cat?",
        "Animal: cat; Other: dog",
        "absent: dog",
        "Not applicable: cat",
        "Missing tags: cat, dog",
        "excluded: dog",
        "Not in the picture: cat",
        "cat, dog, none",
        "none of these, cat",
        "",
        "?",
    ],
)
def test_what_was_not_understood_is_doubt(text):
    """Prose, denials, other words, a piece that may be a term: never an empty list."""
    with pytest.raises(UnreadableReply):
        read(text)


@pytest.mark.parametrize(
    ("text", "terms", "tags"),
    [
        ("animal/dog, animal/cat", ["animal/dog", "animal/cat"], ["animal/dog", "animal/cat"]),
        ("dog/cat", ["animal/dog", "animal/cat"], ["animal/dog", "animal/cat"]),
        ("black and white", ["black and white", "color"], ["black and white"]),
        ("rock & roll and jazz", ["rock & roll", "jazz"], ["rock & roll", "jazz"]),
        ("1. 3D\n2. 4K", ["3D", "4K"], ["3D", "4K"]),
        ("t-shirt, the hat", ["t-shirt", "hat"], ["t-shirt", "hat"]),
        ("The Beatles, a cat", ["The Beatles", "cat"], ["The Beatles", "cat"]),
        ("no smoking, exit", ["no smoking", "exit"], ["no smoking", "exit"]),
        ("none", ["none", "some"], ["none"]),
    ],
)
def test_a_term_is_itself_whatever_stands_in_it(text, terms, tags):
    """A slash, an "and", a number, an article, a denial may belong to a term."""
    assert read(text, terms) == tags


def test_other_tags_are_listed_where_they_are_asked_for():
    """Short ones; a sentence is not a tag."""
    vocabulary = Vocabulary(PETS, column="t", unknown_column="u")
    assert vocabulary.read("a red sofa, cat; black cat") == {"t": ["cat"], "u": ["red sofa", "black cat"]}
    assert vocabulary.read("horse") == {"t": [], "u": ["horse"]}
    with pytest.raises(UnreadableReply):
        vocabulary.read("There is a large horse on a meadow in the evening sun")


@given(
    st.lists(st.sampled_from(PETS), min_size=1, unique=True), st.sampled_from([", ", "; ", "\n", " | ", "、", " and "])
)
def test_every_list_of_terms_comes_back(tags, separator):
    """Whatever stands between them, with and without bullets."""
    expected = [term for term in PETS if term in tags]
    assert read(separator.join(tags)) == expected
    assert read("\n".join(f"- {tag}" for tag in tags)) == expected
    assert read("\n".join(f"{number}. {tag}" for number, tag in enumerate(tags, start=1))) == expected


@given(st.text(max_size=60))
def test_any_text_is_tags_or_the_one_fault(text):
    """An empty list only where the answer says so."""
    try:
        tags = tags_of(text, lambda piece: piece in PETS)
    except UnreadableReply:
        return
    assert tags or says_none(text) or "[" in text
