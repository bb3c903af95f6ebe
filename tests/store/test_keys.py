"""Keys: what decides an answer is in them, and nothing else."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.records import Sampling
from vlmkit.store import key_of

ASK = {
    "model": "mlx:tiny",
    "revision": "r1",
    "digests": ["00ff", "01"],
    "prompt": "What?",
    "system": None,
    "sampling": Sampling(stop=("\n",)),
    "schema": None,
}
CHANGES = [
    {"model": "mlx:other"},
    {"revision": "r2"},
    {"revision": None},
    {"digests": ["00ff"]},
    {"digests": ["01", "00ff"]},
    {"prompt": "What? "},
    {"system": ""},
    {"system": "Be brief."},
    {"schema": {"type": "object"}},
    *({"sampling": Sampling(**{"stop": ("\n",), **change})} for change in (
        {"max_tokens": 255}, {"temperature": 0.1}, {"top_p": 0.9}, {"top_k": 1}, {"repetition_penalty": 1.1},
        {"frequency_penalty": 0.1}, {"presence_penalty": 0.1},
        {"stop": ()}, {"stop": ("\n", "\n")}, {"seed": 1},
    )),
]  # fmt: skip


def test_every_ingredient_counts():
    """The ask and each change of one ingredient have keys of their own."""
    keys = {key_of(**(ASK | change)) for change in [{}, *CHANGES]}
    assert len(keys) == len(CHANGES) + 1


def test_every_field_of_sampling_is_tried():
    """A field that is added to Sampling is added here."""
    tried = {name for change in CHANGES if "sampling" in change for name in vars_of(change["sampling"])}
    assert tried == set(Sampling.__dataclass_fields__)


def vars_of(sampling):
    return [name for name in Sampling.__dataclass_fields__ if getattr(sampling, name) != getattr(ASK["sampling"], name)]


def test_the_encoding_is_pinned():
    """Stored answers are lost when it changes; then this test is changed on purpose."""
    assert key_of(**ASK) == "5e970675cd6a7040944a0ac69779958f"


def test_another_process_makes_the_same_key():
    """No hash seed, no memory address and no order of a set is in it."""
    code = (
        "from vlmkit.store import key_of; from vlmkit.records import Sampling\n"
        "print(key_of(model='mlx:tiny', revision='r1', digests=['00ff', '01'], prompt='What?', system=None,"
        " sampling=Sampling(stop=('\\n',))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == key_of(**ASK)


@pytest.mark.parametrize("temperature", [0, 0.0, -0.0, False])
def test_equal_numbers_are_equal_however_written(temperature):
    """``temperature=0`` and ``temperature=0.0`` are the same question."""
    plain = ASK | {"sampling": Sampling(temperature=0.0)}
    assert key_of(**(ASK | {"sampling": Sampling(temperature=temperature)})) == key_of(**plain)


def test_the_order_of_a_schema_counts():
    """A model writes the fields in the schema's order, and what it wrote changes what it writes next."""
    one = {"properties": {"color": {}, "shape": {}}}
    other = {"properties": {"shape": {}, "color": {}}}
    assert one == other
    assert key_of(**(ASK | {"schema": one})) != key_of(**(ASK | {"schema": other}))


@given(st.text(), st.text())
def test_different_prompts_have_different_keys(first, second):
    """Whatever the characters, half ones included; system text and prompt are not run together."""
    same = (first, second) == (second, first)
    one = key_of(**(ASK | {"prompt": first, "system": second}))
    other = key_of(**(ASK | {"prompt": second, "system": first}))
    assert (one == other) is same
    assert len(bytes.fromhex(one)) == 16


def test_a_schema_that_is_no_json_is_refused():
    """What cannot be written down the same way twice makes no key."""
    with pytest.raises(TypeError):
        key_of(**(ASK | {"schema": {1, 2}}))
    with pytest.raises(ValueError, match="JSON"):
        key_of(**(ASK | {"schema": float("nan")}))
