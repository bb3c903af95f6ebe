"""A loaded model as prompts in, text out."""

import json
import shutil
from dataclasses import replace

import pytest

from tests.families.drawing import picture
from vlmkit import sources
from vlmkit.engines.desk import desk
from vlmkit.engines.mlx import open_engine
from vlmkit.records import Ask, Message, Sampling, ToolCall, ToolDefinition, one_question


@pytest.fixture
def language(engine):
    return engine._language


def test_a_prompt_has_the_template_and_a_place_for_each_picture(language):
    """Four tokens for each 32 px picture, as the model's processor says, around the words."""
    image = sources.decode(picture(1))
    prompts = desk().call(lambda: [language.question("What?", [image] * count) for count in (0, 1, 2)])
    image_token = language.model.config.image_token_index
    assert [prompt.token_ids.count(image_token) for prompt in prompts] == [0, 4, 8]
    assert "<|im_start|>user\n" in prompts[1].text
    assert prompts[1].text.endswith("<|im_start|>assistant\n")
    assert prompts[2].text.count("<image>") == 2
    assert prompts[0].inputs.get("pixel_values") is None


def test_a_system_text_comes_first(language):
    """As a message of its own where the template has one."""
    prompt = desk().call(lambda: language.prompt(Ask(messages=one_question("What?", system="Be brief.")), []))
    assert prompt.text.startswith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat?")


def test_text_and_tokens_are_each_other(language):
    """Without the template's markers, which are not text."""
    tokens = desk().call(lambda: language.encode("a red circle"))
    assert len(tokens) == 12
    marked = [*tokens, *language.eos_token_ids]
    assert desk().call(lambda: language.decode(marked)).replace("Ġ", " ") == "a red circle"


def test_the_text_ends_where_the_model_says(language):
    """The configuration's end and the tokenizer's."""
    assert language.eos_token_ids == {language.tokenizer.convert_tokens_to_ids("<|im_end|>")}


def test_what_was_said_before_comes_before(language):
    """Each turn with a place for each of its pictures, in order."""
    shown = picture(1)
    before = [
        *(Message.user("Which?", [shown]), Message.assistant("A dog.")),
        *(Message.user("Sure?"), Message.assistant("Yes.")),
    ]
    ask = Ask(messages=one_question("What?", [shown], system="Be brief.", before=before))
    image = sources.decode(shown)
    prompt = desk().call(lambda: language.prompt(ask, [image, image]))
    said = prompt.text.replace("<|im_start|>", "").replace("<|im_end|>", "").split("\n")
    said = [line for line in said if line]
    assert said == [
        *("system", "Be brief.", "user", said[3], "assistant", "A dog.", "user", "Sure?", "assistant", "Yes."),
        *("user", said[11], "assistant"),
    ]
    assert ("<image>" in said[3], "Which?" in said[3]) == (True, True)
    assert ("<image>" in said[11], "What?" in said[11]) == (True, True)
    assert prompt.token_ids.count(language.model.config.image_token_index) == 8


BEGIN = "<|endoftext|>"
PICTURELESS = Ask(messages=one_question("What?"))


@pytest.fixture(params=["template", "tokenizer", "both", "neither"])
def marking(request, checkpoint, tmp_path):
    """An engine on a checkpoint in which one of these writes the begin mark; and whether any does."""
    directory = shutil.copytree(checkpoint, tmp_path / "marked")
    if request.param in ("tokenizer", "both"):
        file = directory / "tokenizer.json"
        tokenizer = json.loads(file.read_text())
        number = next(token["id"] for token in tokenizer["added_tokens"] if token["content"] == BEGIN)
        mark, text = ({"SpecialToken": {"id": BEGIN, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}})
        tokenizer["post_processor"] = {
            "type": "TemplateProcessing",
            "single": [mark, text],
            "pair": [mark, text, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {BEGIN: {"id": BEGIN, "ids": [number], "tokens": [BEGIN]}},
        }
        file.write_text(json.dumps(tokenizer))
    if request.param in ("template", "both"):
        file = directory / "chat_template.jinja"
        file.write_text("{{ bos_token }}" + file.read_text())
    with open_engine(str(directory), slots=2) as engine:
        yield engine, request.param != "neither"


def test_a_prompt_begins_once(marking):
    """Whoever writes the begin mark, with pictures and without; and whoever looks inside sees what is given."""
    engine, marked = marking
    language = engine._language
    for ask in (PICTURELESS, Ask(messages=one_question("What?", (picture(1), picture(2)), system="Be brief."))):
        images = [sources.decode(each) for each in ask.pictures]
        prompt = desk().call(lambda ask=ask, images=images: language.prompt(ask, images))
        begins = [token == language.tokenizer.bos_token_id for token in prompt.token_ids]
        assert (begins[0], sum(begins)) == (marked, marked)
        assert prompt.inputs["attention_mask"].shape == (1, len(prompt.token_ids))
        inside = engine.look_inside(ask)
        assert (inside.text.startswith(BEGIN), inside.text.count(BEGIN)) == (marked, marked)
        assert inside.prompt_tokens == len(prompt.token_ids)
    # Plain generation is given the same ids as the batch; with others the two would differ.
    assert engine.info.why_one_by_one == ""


def test_what_is_read_shows_each_picture_once(language):
    """Its many tokens would hide the words; two pictures side by side stay two."""
    image = sources.decode(picture(1))
    prompt = desk().call(lambda: language.question("What?", [image, image]))
    shown = desk().call(lambda: language.as_read(prompt))
    assert (shown.count("<image>"), prompt.token_ids.count(prompt.image_token)) == (2, 8)


def test_the_picture_s_token_is_the_one_that_the_files_name(language, monkeypatch):
    """A family's default is another checkpoint's; of several names the one that occurs in the prompt counts."""
    token = language.model.config.image_token_index
    image = sources.decode(picture(1))

    def found(config, images):
        monkeypatch.setattr(language, "_config", config)
        return desk().call(lambda: language.question("What?", images)).image_token

    monkeypatch.setattr(language.model.config, "image_token_index", 3)
    assert found({"image_token_id": token}, [image]) == token
    assert found({"image_token_id": token, "image_token_index": 5}, [image]) == token
    assert found({"image_token_id": 5, "image_token_index": 4}, []) == 5


LOOK = ToolDefinition(name="look", description="Looks at a row.")
CALLED = (
    Message.user("Which?", [picture(1)]),
    Message.assistant("", [ToolCall(id="c1", name="look", arguments='{"row": 1}')]),
    Message.tool("c1", "a star"),
)
TOOL_TEMPLATE = """
{%- if tools %}<|im_start|>system
{% for tool in tools %}{{ tool | tojson }}{% endfor %}<|im_end|>
{% endif %}
{%- for m in messages %}<|im_start|>{{ m.role }}
{% if m.content is string %}{{ m.content }}
{%- else %}{% for part in m.content %}{{ '<image>' if part.type == 'image' else part.text }}{% endfor %}{% endif %}
{%- for c in m.tool_calls %}<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def test_a_template_that_does_not_know_tools_gets_lines(engine):
    """Tools, calls and results then stand in the text of the question; which form a call has is known."""
    assert engine.abilities.tools
    assert engine.info.call_markup.style == "plain"
    assert "<|im_end|>" in dict(engine.info.call_markup.special_tokens)
    shown = engine.look_inside(Ask(messages=CALLED, tools=(LOOK,))).text.replace("Ġ", " ").replace("Ċ", "\n")
    lines = shown.partition("Which?")[2].partition("<|im_end|>")[0].split("\n")
    assert lines[2:] == [
        "- look(): Looks at a row.",
        "- answer(text: string): gives the answer",
        'Called look {"row": 1}',
        "Result: a star",
    ]
    assert "Looks" not in engine.look_inside(Ask(messages=CALLED, tools=(LOOK,), tool_choice="none")).text


def test_a_template_that_knows_tools_shows_all(checkpoint, tmp_path):
    """Also one for tools alone; calls and results are read by the model, and a choice of none shows no tool."""
    directory = shutil.copytree(checkpoint, tmp_path / "tools")
    (directory / "chat_templates").mkdir()
    (directory / "chat_templates" / "tool_use.jinja").write_text(TOOL_TEMPLATE)
    with open_engine(str(directory), slots=1) as engine:
        assert engine.info.call_markup.style == "hermes"
        ask = Ask(messages=CALLED, tools=(LOOK,), sampling=Sampling(max_tokens=3))
        shown = engine.look_inside(ask).text.replace("Ġ", " ")
        assert '"name": "look"' in shown.partition("user")[0]
        assert '<tool_call>{"name": "look", "arguments": {"row": 1}}</tool_call>' in shown
        assert shown.index("<image>") < shown.index("Which?") < shown.index("<tool_call>") < shown.index("a star")
        assert "Looks" not in engine.look_inside(replace(ask, tool_choice="none")).text
        assert engine.submit(ask).result(60).usage.completion_tokens


def test_markers_are_text_where_that_is_asked_for(language):
    """Whoever reads tool calls needs those around them."""
    marked = [*desk().call(lambda: language.encode("a")), *language.eos_token_ids]
    decode = language.decode
    assert desk().call(lambda: decode(marked)) == "a"
    assert desk().call(lambda: decode(marked, keep_special_tokens=True)) == "a<|im_end|>"


def test_an_answer_that_was_begun_goes_on(engine):
    """The prompt ends with it, without the mark that ends a message."""
    said = (Message.user("Which?"), Message.assistant("It is a"))
    assert engine.look_inside(Ask(messages=said)).text.replace("Ġ", " ").endswith("It is a")
