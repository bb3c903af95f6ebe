"""Calls that a model cannot get wrong, in every family's form, token by token."""

import json

import jsonschema
import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from tests.chat.tools.calls_as_written import WAYS
from vlmkit.backends import CallMarkup
from vlmkit.chat.tools import constraint_for
from vlmkit.engines.grammar import TokenVocabulary, check_constraint
from vlmkit.records import ToolDefinition

PROPERTIES = {
    "text": {"type": "string"},
    "count": {"type": "integer"},
    "flag": {"type": "boolean"},
    "kind": {"enum": ["a", "b c"]},
    "tags": {"type": "array", "items": {"type": "string"}},
    "box": {"type": "object", "properties": {"w": {"type": "number"}}, "required": ["w"]},
}
TOOLS = (
    ToolDefinition(
        name="draw_it", parameters=json.dumps({"type": "object", "properties": PROPERTIES, "required": ["text"]})
    ),
    ToolDefinition(name="stop.now"),
)
FULL = {"text": 'say "hi" </p>', "count": 3, "flag": True, "kind": "b c", "tags": ["x", "y"], "box": {"w": 1.5}}
SPECIAL = {
    "hermes": ("<tool_call>", "</tool_call>"),
    "glm": ("<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"),
    "mistral": ("[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"),
    "gemma": ("<|tool_call>", "<tool_call|>", '<|"|>'),
    "pythonic": ("<|tool_call_start|>", "<|tool_call_end|>"),
    "deepseek": ("<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"),
    "kimi": ("<|tool_calls_section_begin|>", "<|tool_call_begin|>", "<|tool_call_argument_begin|>"),
    "phi": ("<|tool_call|>", "<|/tool_call|>"),
    "granite": ("<|tool_call|>",),
    "harmony": ("<|channel|>", "<|constrain|>", "<|message|>", "<|start|>"),
}
# Of several ways to write calls, the one in which a model is held to them.
WAY = {("llama", False): 1, ("pythonic", False): 1, ("mistral", False): 2, ("mistral", True): 1, ("phi", True): 1}
CASES = [(style, False) for style in WAYS] + [(style, True) for style in SPECIAL]


def tokenizer_with(special):
    """A tokenizer of one token for each byte, and these special tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={character: number for number, character in enumerate(alphabet)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True) for token in ("<end>", *special)])
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>")


class Held:
    """A model that is held to calls."""

    def __init__(self, style, *, has_special, **markup):
        special = SPECIAL[style] if has_special else ()
        self.tokenizer = tokenizer_with(special)
        tokens = tuple((token, self.tokenizer.convert_tokens_to_ids(token)) for token in special)
        self.markup = CallMarkup(style=style, special_tokens=tokens, **markup)
        self.way = lambda calls: as_trained(style, WAYS[style][WAY.get((style, has_special), 0)](calls))

    def may_write(self, text, choice="required", tools=TOOLS, **options):
        """Whether it may write a whole answer."""
        constraint = constraint_for(self.markup, tools, choice, **options)
        matcher = TokenVocabulary(self.tokenizer, frozenset({self.tokenizer.eos_token_id})).matcher(constraint)
        for token in [*self.tokenizer.encode(text, add_special_tokens=False), self.tokenizer.eos_token_id]:
            if not matcher.allowed(len(self.tokenizer))[token]:
                return False
            matcher.take(token)
        return True


def as_trained(style, written):
    """The same without the line ends that only some models write, and without what a prompt ends in."""
    if style == "glm":
        return written.replace("<arg_value>\n", "<arg_value>").replace("\n</arg_value>", "</arg_value>")
    if style == "minimax":
        return (
            written.replace('">\n<par', '">§<par')
            .replace('">\n</inv', '">§</inv')
            .replace('">\n', '">')
            .replace("\n</parameter>", "</parameter>")
            .replace("§", "\n")
        )
    if style == "json":
        return written.removeprefix("[").removesuffix("]")
    return written.removeprefix("<|start|>assistant").removesuffix("<|call|>")


@pytest.mark.parametrize(("style", "has_special"), CASES)
def test_a_call_that_must_be_made(style, has_special):
    """Arguments that fit may be written; others, other tools and plain text may not."""
    model = Held(style, has_special=has_special)
    check_constraint(constraint_for(model.markup, TOOLS, "required"))
    for arguments in ({"text": "x"}, {"text": ""}, FULL):
        assert model.may_write(model.way([("draw_it", arguments)]))
    assert model.may_write(model.way([("stop.now", {})]))
    for call in (
        ("draw_it", {"count": 3}),
        ("draw_it", {"text": "x", "count": "three"}),
        ("draw_it", {"text": "x", "kind": "c"}),
        ("draw_it", {"text": "x", "more": 1}),
        ("stop", {}),
        ("draw_it", {}),
    ):
        assert not model.may_write(model.way([call])), call
    assert not model.may_write("I would rather not.")
    assert not model.may_write("")


@pytest.mark.parametrize(("style", "has_special"), CASES)
def test_a_named_tool(style, has_special):
    """No other one may be called, and it once."""
    model = Held(style, has_special=has_special)
    draw, stop = ("draw_it", {"text": "x"}), ("stop.now", {})
    assert model.may_write(model.way([draw]), "draw_it")
    assert not model.may_write(model.way([stop]), "draw_it")
    assert not model.may_write(model.way([draw, draw]), "draw_it")


@pytest.mark.parametrize(("style", "has_special"), [case for case in CASES if case[0] not in {"harmony", "json"}])
def test_several_calls(style, has_special):
    """Unless one is all that is allowed."""
    model = Held(style, has_special=has_special)
    several = model.way([("draw_it", FULL), ("stop.now", {}), ("draw_it", {"text": "y"})])
    assert model.may_write(several)
    assert not model.may_write(several, parallel=False)


@pytest.mark.parametrize(("style", "has_special"), CASES)
def test_a_model_that_decides(style, has_special):
    """Text is free; behind the mark that begins a call stands one that fits, where a form has such a mark."""
    model = Held(style, has_special=has_special)
    if constraint_for(model.markup, TOOLS) is None:
        assert style in {"llama", "json", "harmony"} or (style, has_special) in {("pythonic", False), ("phi", False)}
        return
    assert model.may_write("Nothing to call < here.", "auto")
    assert model.may_write("", "auto")
    assert model.may_write("So: " + model.way([("draw_it", FULL)]), "auto")
    assert model.may_write(model.way([("draw_it", {"text": "x"}), ("stop.now", {})]), "auto")
    assert not model.may_write("So: " + model.way([("stop", {})]), "auto")
    assert not model.may_write(model.way([("draw_it", {"count": 1})]), "auto")


@pytest.mark.parametrize("style", ["plain", "json", "llama", "pythonic"])
def test_a_strict_tool_of_a_model_that_decides(style):
    """Where no mark begins a call: an answer is one that fits, or does not look like a call at all."""
    written = "json" if style == "plain" else style
    model = Held(written, has_special=False)
    model.markup = CallMarkup(style=style)
    strict = {"choice": "auto", "strict": True}
    assert model.may_write(model.way([("draw_it", FULL)]), **strict)
    for text in ("", "Nothing to call.", " See: {1, 2}", "```python\nprint(1)\n```"):
        assert model.may_write(text, **strict), text
    for call in (("draw_it", {"count": 3}), ("draw_it", {"text": "x", "more": 1}), ("stop", {})):
        assert not model.may_write(model.way([call]), **strict), call
        assert not model.may_write("\n " + model.way([call]), **strict), call
    answer = '{"name": "answer", "arguments": {"text": "Three."}}'
    assert model.may_write(answer, **strict) is (style in {"plain", "pythonic"})  # there a call of its own, here a text
    assert constraint_for(CallMarkup(style="harmony"), TOOLS, strict=True) is None


def test_tools_that_stand_as_lines_are_held_without_being_strict():
    """A model that learned no calls invents tools, and arguments, more easily than others."""
    model = Held("json", has_special=False)
    model.markup = CallMarkup(style="plain")
    assert model.may_write(model.way([("draw_it", FULL)]), "auto")
    assert model.may_write("Nothing to call.", "auto")
    assert not model.may_write(model.way([("stop", {})]), "auto")
    model.markup = CallMarkup(style="json")
    assert constraint_for(model.markup, TOOLS) is None


def test_strict_tools_behind_reasoning():
    """What was thought may hold anything."""
    model = Held("json", has_special=False, begins_with_reasoning=True)
    call = model.way([("stop.now", {})])
    assert model.may_write("{}? </think>" + call, "auto", strict=True)
    assert model.may_write("Hm.</think> No.", "auto", strict=True)
    assert not model.may_write('Hm.</think> {"name": "x"}', "auto", strict=True)


@pytest.mark.parametrize(("style", "has_special"), [("hermes", False), ("hermes", True), ("mistral", True)])
def test_one_call_ends_the_answer(style, has_special):
    """Where several are not allowed, and the model decides, nothing follows the first."""
    model = Held(style, has_special=has_special)
    call = model.way([("stop.now", {})])
    assert model.may_write(f"So: {call}", "auto", parallel=False)
    assert model.may_write("No call.", "auto", parallel=False)
    assert not model.may_write(f"{call} and more", "auto", parallel=False)
    assert not model.may_write(call + call, "auto", parallel=False)


def test_behind_reasoning():
    """Where the prompt begins reasoning, calls stand behind its end."""
    model = Held("hermes", has_special=False, begins_with_reasoning=True)
    call = model.way([("stop.now", {})])
    assert model.may_write(f"Let me think. <tool_call>\n</think>\n\n{call}")
    assert not model.may_write(call)


def test_nothing_to_enforce():
    """Without tools, or where none may be called; and where a form cannot say a schema."""
    hermes = CallMarkup(style="hermes")
    assert constraint_for(hermes, ()) is None
    assert constraint_for(hermes, TOOLS, "none") is None
    loose = ToolDefinition(name="loose", parameters='{"type": "object", "properties": {"any": {}}}')
    assert constraint_for(CallMarkup(style="gemma"), [loose], "required") is None
    assert constraint_for(CallMarkup(style="pythonic"), [loose], "required") is not None


def test_definitions_come_along():
    """A schema that refers to its own definitions is kept in every form that says it."""
    schema = {
        "type": "object",
        "properties": {"place": {"$ref": "#/$defs/Place"}},
        "required": ["place"],
        "$defs": {"Place": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}},
    }
    jsonschema.validate({"place": {"x": 1}}, schema)
    tool = ToolDefinition(name="go", parameters=json.dumps(schema))
    for style in ("hermes", "qwen3_coder"):
        model = Held(style, has_special=False)
        assert model.may_write(model.way([("go", {"place": {"x": 1}})]), tools=[tool])
        assert not model.may_write(model.way([("go", {"place": {"x": "1"}})]), tools=[tool])
