"""Rotary settings between the table of transformers 5 and the names that classes of mlx_vlm ask for."""

import pytest

from vlmkit.engines.families.rope import is_applied_after_load, meaning, mismatches, tell

PLAIN = {"rope_type": "default", "rope_theta": 5e5}
LINEAR = {"rope_type": "linear", "factor": 8.0, "rope_theta": 5e5}


@pytest.mark.parametrize("table", [None, {}, [], "yarn"])
def test_no_table_says_nothing(table):
    """Nothing is compared then."""
    assert meaning(table) is None


def test_a_table_for_each_kind_of_layer():
    """Or one for all."""
    assert meaning(PLAIN) == {"": PLAIN}
    assert meaning({"full_attention": LINEAR, "sliding_attention": PLAIN}) == {
        "full_attention": LINEAR,
        "sliding_attention": PLAIN,
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"rope_theta": 5e5}, []),
        ({"rope_theta": 5e5, "rope_scaling": None}, []),
        ({"rope_theta": 5e5, "rope_scaling": {"type": "mrope"}}, []),
        ({"rope_theta": 1e4}, [("rope_theta", 5e5, 1e4)]),
        ({"rope_theta": None}, [("rope_theta", 5e5, None)]),
        ({"rope_global_base_freq": 1e6}, [("rope_global_base_freq", 5e5, 1e6)]),
        ({"rope_parameters": PLAIN}, []),
        ({"rope_parameters": {"rope_theta": 1.0}}, [("rope_parameters.rope_theta", 5e5, 1.0)]),
        ({"rope_theta": 5e5, "rope_scaling": {"rope_type": "yarn"}}, [("rope_type", "default", "yarn")]),
        ({}, []),
    ],
)
def test_a_plain_theta_against_what_a_class_takes(fields, expected):
    """Each name that a class has must mean the same."""
    assert list(mismatches({"": PLAIN}, fields)) == expected


def test_a_scaling_is_compared_setting_by_setting():
    """The kind may be right and its factor wrong."""
    assert list(mismatches({"": LINEAR}, {"rope_scaling": {"type": "linear", "factor": 8.0}})) == []
    assert list(mismatches({"": LINEAR}, {"rope_scaling": {"type": "linear", "factor": 4.0}})) == [("factor", 8.0, 4.0)]
    assert list(mismatches({"": LINEAR}, {})) == [("rope_type", "linear", "default"), ("factor", 8.0, None)]


def test_a_share_of_the_head_that_turns():
    """Asked for beside the table by classes that do not know it."""
    said = {"": PLAIN | {"partial_rotary_factor": 0.25}}
    assert list(mismatches(said, {"partial_rotary_factor": 0.5})) == [("partial_rotary_factor", 0.25, 0.5)]
    assert list(mismatches(said, {"partial_rotary_factor": 0.25})) == []


@pytest.mark.parametrize(
    "names",
    [
        {"rope_theta"},
        {"rope_theta", "rope_scaling"},
        {"rope_global_base_freq", "rope_local_base_freq", "rope_scaling"},
        {"rope_parameters"},
        {"rope_theta", "rope_parameters", "partial_rotary_factor"},
    ],
)
@pytest.mark.parametrize("said", [{"": PLAIN}, {"full_attention": PLAIN, "sliding_attention": {"rope_theta": 1e3}}])
def test_what_is_told_means_what_was_said(names, said):
    """Whatever a class asks for, and only that."""
    told = tell(said, names)
    assert told.keys() <= names
    assert list(mismatches(said, told)) == []


def test_a_scaling_is_told_under_both_names_of_its_kind():
    """Some classes ask for the type, some for the rope_type."""
    told = tell({"": LINEAR}, {"rope_theta", "rope_scaling"})
    assert told == {"rope_theta": 5e5, "rope_scaling": {"rope_type": "linear", "type": "linear", "factor": 8.0}}


@pytest.mark.parametrize(
    ("family", "kind", "expected"),
    [
        ("smolvlm", "yarn", True),
        ("smolvlm", "longrope", False),
        ("llava", "yarn", False),
        ("smolvlm", "default", False),
    ],
)
def test_what_a_repair_applies_later(family, kind, expected):
    """A family that has the repair, and a kind that it knows."""
    assert is_applied_after_load(family, {"": {"rope_type": kind}}) is expected
