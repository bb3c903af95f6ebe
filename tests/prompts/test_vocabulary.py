"""Tags from a closed vocabulary."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import BadSetting, UnreadableReply
from vlmkit.prompts.vocabulary import Vocabulary

PETS = {"animal/dog": ["puppy", "hound"], "animal/cat": [], "indoor": ["inside"], "Red_Sofa": []}


def tags(text, terms=PETS):
    """Tags and unknown ones of an answer."""
    return tuple(Vocabulary(terms, column="t", unknown_column="u").read(text).values())


@pytest.mark.parametrize(
    "text",
    [
        '{"tags": ["indoor", "animal/dog", "plant"]}',
        '["Indoor", "dog", "plant"]',
        "inside, puppy, plant",
        "- Indoor\n- Hound\n- plant",
        'Here: {"labels": ["inside", "DOG", "dog", "plant"]}',
    ],
)
def test_what_means_a_term_becomes_it_and_the_rest_is_reported(text):
    """Case, synonyms, last parts, any usual way to write a list; the vocabulary's order; nothing twice."""
    assert tags(text) == (["animal/dog", "indoor"], ["plant"])


def test_underscores_and_case_do_not_matter():
    """A term comes back as it stands in the vocabulary."""
    assert tags("red sofa, INDOOR") == (["indoor", "Red_Sofa"], [])


def test_no_tags_are_an_answer():
    """Nothing applies."""
    assert tags('{"tags": []}') == ([], [])
    assert tags("none") == ([], [])


def test_what_could_mean_two_terms_means_neither():
    """The last part of two terms is not a name for either."""
    assert tags("bat, sport/bat", ["animal/bat", "sport/bat"]) == (["sport/bat"], ["bat"])


def test_unknown_tags_are_dropped_where_nobody_asks_for_them():
    """A closed vocabulary is closed."""
    assert Vocabulary(["a"], column="t").read("a, b") == {"t": ["a"]}


@given(st.text(max_size=80))
def test_nothing_else_than_terms_comes_out(text):
    """Whatever was written."""
    try:
        found, unknown = tags(text)
    except UnreadableReply:
        return
    assert set(found) <= set(PETS)
    assert not set(unknown) & set(PETS)


@pytest.mark.parametrize("text", ['{"tags": "indoor"}', '{"tags": [1'])
def test_what_is_no_list_is_a_fault(text):
    """Nothing is guessed."""
    with pytest.raises(UnreadableReply):
        tags(text)


def test_what_is_enforced_and_asked_for():
    """The same terms."""
    vocabulary = Vocabulary(PETS, column="t")
    assert json.loads(vocabulary.constraint.text)["properties"]["tags"]["items"]["enum"] == list(PETS)
    assert vocabulary.lines() == '- tags: list of any of "animal/dog", "animal/cat", "indoor", "Red_Sofa"'


@pytest.mark.parametrize("terms", [[], "a, b", 5, ["a", "A"], ["a", ""], ["a", 1], {}])
def test_what_is_no_vocabulary_is_said(terms):
    """Before anything is asked."""
    with pytest.raises(BadSetting, match="vocabulary"):
        Vocabulary(terms, column="t")


@pytest.mark.parametrize(
    "text",
    [
        "dog: 0",
        "cat: 0.02, dog: 0.9",
        "dog (no)",
        "cat (maybe)",
        "dog?",
        '["dog", "none"]',
        "cat: 3%",
        "no dog",
        "hot dog",
        "There is no dog.",
    ],
)
def test_a_term_that_is_denied_or_doubted_is_none(text):
    """Nor is it lost without an error."""
    with pytest.raises(UnreadableReply):
        Vocabulary(["cat", "dog"], column="t").read(text)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Cats, dogs", ["cat", "dog"]),
        ("foxes", ["fox"]),
        ("puppies", ["puppy"]),
        ("glass", ["glasses"]),
        ('["none"]', []),
    ],
)
def test_plurals_and_singulars_are_the_same_term(text, tags):
    """As far as they mean only one."""
    assert Vocabulary(["cat", "dog", "fox", "puppy", "glasses"], column="t").read(text) == {"t": tags}
