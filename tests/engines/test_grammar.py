"""Constrained answers of the bundled model, through the real engine."""

import dataclasses
import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders

from vlmkit import sources
from vlmkit.backends.protocol import Abilities
from vlmkit.engines.grammar import TokenVocabulary, check_constraint, check_constraint_of, check_tool_choice
from vlmkit.engines.mlx import open_engine
from vlmkit.errors import BadSchema, BadSetting, Refused
from vlmkit.records import Ask, Constraint, Sampling, ToolDefinition, one_question

ROOT = Path(__file__).parents[2]
NAMES = st.text("abcdefgh_", min_size=1, max_size=6)
WORDS = st.text("abc xyz-\"\\é'🙂", min_size=1, max_size=8)
VALUES = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.builds(
        lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more},
        st.integers(-99, 99), st.integers(0, 99),
    ),
    st.builds(lambda most: {"type": "string", "maxLength": most}, st.integers(0, 12)),
    st.lists(WORDS, min_size=1, max_size=4, unique=True).map(lambda words: {"enum": words}),
    st.just({"anyOf": [{"type": "integer", "minimum": 0, "maximum": 9}, {"type": "null"}]}),
)  # fmt: skip


def _nested(inner):
    arrays = st.builds(
        lambda items, low, more: {"type": "array", "items": items, "minItems": low, "maxItems": low + more},
        inner, st.integers(0, 2), st.integers(0, 2),
    )  # fmt: skip
    return arrays | _objects(inner)


def _objects(inner):
    return st.dictionaries(NAMES, inner, min_size=1, max_size=4).map(
        lambda fields: {
            "type": "object",
            "properties": fields,
            "required": list(fields),
            "additionalProperties": False,
        }
    )


SCHEMAS = _objects(st.recursive(VALUES, _nested, max_leaves=6))


def _json(schema):
    return Constraint(kind="json_schema", text=json.dumps(schema))


def _ask(pictures, constraint, prompt="Describe this image.", **sampling):
    return Ask(messages=one_question(prompt, pictures), constraint=constraint, sampling=Sampling(**sampling))


@pytest.fixture(scope="module")
def tiny():
    with open_engine("tiny") as engine:
        yield engine


@pytest.fixture(scope="module")
def pictures(tiny):
    scene = sources.refer(ROOT / "datasets" / "scenes" / "scene-001.jpg")
    return (sources.normalize(scene, tiny.abilities.longest_side_px),)


@settings(max_examples=12)
@given(schemas=st.lists(SCHEMAS, min_size=8, max_size=8))
def test_every_reply_is_valid_whatever_the_schema_and_whoever_shares_the_batch(tiny, pictures, schemas):
    """A hundred random schemas, in batches that mix them with each other and with an ask that has none."""
    free = tiny.submit(_ask(pictures, None))
    replies = [tiny.submit(_ask(pictures, _json(schema), max_tokens=1000)) for schema in schemas]
    for schema, reply in zip(schemas, replies, strict=True):
        assert reply.result().finish_reason == "stop"
        jsonschema.validate(json.loads(reply.result().text), schema)
    assert free.result().text == tiny.submit(_ask(pictures, None)).result().text


@pytest.mark.parametrize("temperature", [0.0, 2.0])
def test_a_choice_is_one_of_the_choices(tiny, pictures, temperature):
    """A choice is one of the choices."""
    choices = ['say "hi"', "naïve", "two words", "a", "ab"]
    constraint = Constraint(kind="choice", text=json.dumps(choices))
    texts = {
        tiny.submit(_ask(pictures, constraint, temperature=temperature, seed=seed)).result().text for seed in range(12)
    }
    assert texts <= set(choices)
    assert len(texts) > 1 or temperature == 0.0


def test_a_pattern_is_matched_and_says_where_the_answer_ends(tiny, pictures):
    """A pattern is matched and says where the answer ends."""
    reply = tiny.submit(_ask(pictures, Constraint(kind="regex", text="[0-9]{4}-[0-9]{2}"), temperature=1.5)).result()
    assert reply.finish_reason == "stop"
    assert len(reply.text) == 7
    assert reply.text.replace("-", "").isdecimal()


def test_a_constraint_only_forbids(tiny, pictures):
    """Where the model's own answer is valid, it stays what it was."""
    prompt = "How many objects are there? Answer with a number only."
    own = tiny.submit(_ask(pictures, None, prompt)).result()
    held = tiny.submit(_ask(pictures, Constraint(kind="regex", text="[0-9]+"), prompt)).result()
    assert (held.text, held.finish_reason) == (own.text, own.finish_reason)


CALL = """
start: call+
call: "<tool_call>" ("count, " count | "now, " now) "</tool_call>"
count: %json {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": false}
now: "{}"
"""


def test_a_grammar_is_kept(tiny, pictures):
    """Rules with schemas in them, as the calls of a family have; whatever is drawn fits."""
    constraint = Constraint(kind="grammar", text=CALL)
    replies = [tiny.submit(_ask(pictures, constraint, temperature=1.5, seed=seed, max_tokens=200)) for seed in range(4)]
    for reply in replies:
        text = reply.result().text
        pattern = r'(<tool_call>(count, \{\s*"n"\s*:\s*[12]\s*\}|now, \{\})</tool_call>)+'
        whole = reply.result().finish_reason == "stop"
        assert re.fullmatch(pattern, text) if whole else text.startswith("<tool_call>")


@pytest.mark.parametrize(("kept", "text"), [(True, "a<fake_token_around_image>b"), (False, "ab")])
def test_special_tokens_are_text_where_that_is_asked_for(tiny, pictures, kept, text):
    """Those that end the answer are not, in either case; pieces are the same as the whole."""
    constraint = Constraint(kind="grammar", text='start: "a" <fake_token_around_image> "b"')
    ask = dataclasses.replace(_ask(pictures, constraint), keep_special_tokens=kept)
    *pieces, last = tiny.stream(ask)
    assert "".join(piece.text for piece in pieces) == last.reply.text == text


def test_a_grammar_of_another_model_s_tokens_is_refused(tiny, pictures):
    """It says which are there; the next ask is answered."""
    bad = tiny.submit(_ask(pictures, Constraint(kind="grammar", text='start: "a" <|python_tag|>')))
    with pytest.raises(Refused, match=r"unknown special token: \"<\|python_tag\|>\".*fake_token_around_image"):
        bad.result(60)
    assert tiny.submit(_ask(pictures, None)).result(60).text


def test_probabilities_are_among_the_tokens_that_may_follow(tiny, pictures):
    """A token without an alternative is certain."""
    constraint = Constraint(kind="choice", text='["circle"]')
    ask = Ask(messages=one_question("Hello", pictures), constraint=constraint, token_probabilities=True)
    probabilities = [token.probability for token in tiny.submit(ask).result().tokens]
    assert probabilities
    assert 0 < min(probabilities) <= max(probabilities) <= 1


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(kind="regex", text="(a"),
        Constraint(kind="grammar", text="start: nothing"),
        Constraint(kind="json_schema", text="{"),
        Constraint(kind="json_schema", text='{"type": "objekt"}'),
        Constraint(kind="json_schema", text='{"type": "array", "contains": {"type": "null"}}'),
    ],
)
def test_what_cannot_be_enforced_is_refused_before_anything_is_spent(tiny, pictures, constraint):
    """What cannot be enforced is refused before anything is spent."""
    with pytest.raises(BadSchema, match="cannot be enforced"):
        tiny.submit(_ask(pictures, constraint))


def test_what_can_be_enforced_is_accepted():
    """What can be enforced is accepted."""
    check_constraint(_json({"type": "object", "properties": {"when": {"type": "string", "format": "date"}}}))


def test_a_tokenizer_that_does_not_say_its_bytes_is_not_constrained(engine, ask):
    """The model says so beforehand, and an ask all the same is refused at once."""
    assert not engine.abilities.json_schema
    with pytest.raises(BadSchema, match="tokenizer"):
        engine.submit(dataclasses.replace(ask(), constraint=Constraint(kind="regex", text="a")))


@pytest.mark.parametrize(
    ("decoder", "serves"),
    [
        (None, False),
        (decoders.Fuse(), False),
        (decoders.ByteLevel(), True),
        (decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]), True),
    ],
)
def test_which_tokenizers_say_their_bytes(decoder, serves):
    """Byte-level ones, and those that fall back to bytes."""
    tokenizer = SimpleNamespace(backend_tokenizer=SimpleNamespace(decoder=decoder))
    assert TokenVocabulary.serves(tokenizer) is serves
    assert not TokenVocabulary.serves(SimpleNamespace())


def test_a_constraint_needs_a_model_that_keeps_it():
    """And has to be one."""
    constraint = Constraint(kind="choice", text='["red"]')
    check_constraint_of("mlx:m", Abilities(), None)
    check_constraint_of("mlx:m", Abilities(json_schema=True), constraint)
    with pytest.raises(BadSchema, match="cannot be constrained"):
        check_constraint_of("mlx:m", Abilities(), constraint)
    with pytest.raises(BadSchema):
        check_constraint_of("mlx:m", Abilities(json_schema=True), Constraint(kind="json_schema", text="{"))


def test_a_call_that_must_be_made_needs_a_constraint():
    """Each family has a form of its own, which the engine does not know."""
    tools, constraint = (ToolDefinition(name="look"),), Constraint(kind="regex", text="a+")
    for choice, held in (("auto", None), ("none", None), ("required", constraint), ("look", constraint)):
        ask = Ask(messages=one_question("?"), tools=tools, tool_choice=choice, constraint=held)
        check_tool_choice("mlx:m", ask)
        if held is not None:
            with pytest.raises(BadSetting, match=f"tool_choice: '{choice}' needs a constraint"):
                check_tool_choice("mlx:m", replace(ask, constraint=None))
