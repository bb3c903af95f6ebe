"""Which style a checkpoint's calls have."""

import pytest

from vlmkit.backends.call_styles import CALL_STYLES, CallMarkup, begins_reasoning, call_markup_of, call_style_of
from vlmkit.errors import BadSetting

TEMPLATES = {
    "hermes": 'within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>}\n</tool_call>',
    "qwen3_coder": "<tool_call>\\n<function=example>\\n<parameter=one>\\nvalue\\n</parameter></function></tool_call>",
    "llama": "{{- '<|python_tag|>' + tool_call.name + '.call(' }} \"parameters\"",
    "pythonic": "<|tool_list_start|>[{{ tools }}]<|tool_list_end|>",
    "mistral": '{{- "[TOOL_CALLS]" }}{{ name }}[ARGS]',
    "gemma": "{{ '<|tool_call>call:' + function['name'] + '{' }}<tool_call|>",
    "glm": "<tool_call>{function-name}\n<arg_key>{k}</arg_key>\n<arg_value>{v}</arg_value>\n</tool_call>",
    "deepseek": "{{'<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>' + tool['type'] + '<｜tool▁sep｜>'}}",
    "phi": "{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' }}",
    "granite": "{{ '<|start_of_role|>available_tools<|end_of_role|>' }}… '<|tool_call|>' followed by a JSON list",
    "kimi": "<|tool_calls_section_begin|>{{ call }}<|tool_calls_section_end|>",
    "minimax": "{%- set toolcall_begin_token = '<minimax:tool_call>' -%}<invoke name=",
    "harmony": "<|start|>assistant<|channel|>commentary to=functions.{{ name }}<|message|>{{ args }}<|call|>",
}


@pytest.mark.parametrize(("style", "template"), TEMPLATES.items())
def test_by_its_template(style, template):
    """Marks that stand in the template tell, whatever the vocabulary holds beside them."""
    assert call_style_of(template) == style
    assert call_style_of(template, ["[TOOL_CALLS]", "<tool_call>"]) == style


@pytest.mark.parametrize(
    ("tokens", "style"),
    [
        (["</s>", "[TOOL_CALLS]", "[ARGS]"], "mistral"),
        (["<|python_tag|>", "<|eom_id|>"], "llama"),
        (["<tool_call>", "</tool_call>"], "hermes"),
        (["<|tool_call_start|>"], "pythonic"),
        (["<s>", "</s>"], "json"),
    ],
)
def test_by_its_vocabulary(tokens, style):
    """Where the template has no marks, special tokens do; where nothing tells, a call is an object alone."""
    assert call_style_of("{{ messages }}", tokens) == style
    assert call_style_of(None, tokens) == style


def test_by_a_setting():
    """It decides; an unknown one is an error that lists what there is."""
    assert call_style_of(TEMPLATES["glm"], setting="hermes") == "hermes"
    with pytest.raises(BadSetting, match=r"unknown style 'hermse'. Give one of harmony, kimi"):
        call_style_of(None, setting="hermse")
    assert set(TEMPLATES) | {"plain", "json", "auto"} == set(CALL_STYLES)


def test_what_is_known_of_a_model():
    """Style, special tokens but those kept for later, and whether an answer begins with reasoning."""
    tokens = {"<tool_call>": 7, "<|reserved_special_token_12|>": 8, "</s>": 2}
    assert call_markup_of(TEMPLATES["hermes"], tokens, "<|im_start|>assistant\n<think>\n") == CallMarkup(
        style="hermes", special_tokens=(("<tool_call>", 7), ("</s>", 2)), begins_with_reasoning=True
    )
    assert call_markup_of(None, tokens, "assistant\n") == CallMarkup(
        style="plain", special_tokens=(("<tool_call>", 7), ("</s>", 2))
    )
    assert not begins_reasoning("<think>\n\n</think>\n\n")
