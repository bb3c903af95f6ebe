"""Whatever a template takes is found out by trying; what it does not take is refused, never passed on half."""

import json
from dataclasses import replace

import jinja2
import pytest

from vlmkit.engines.template import ChatTemplate, own_template, own_tool_template
from vlmkit.errors import Refused
from vlmkit.records import Message, Picture, ToolCall, ToolDefinition, one_question

PICTURE = Picture(data=b"", media_type="image/png", width=1, height=1, digest="d")
BEFORE = (
    Message.user("Which?", [PICTURE]),
    Message.assistant("A dog."),
    Message.user("Sure?"),
    Message.assistant("Yes."),
)
FULL = one_question("And here?", [PICTURE] * 2, system="Be brief.", before=BEFORE)
PARTS = (
    "{% for m in messages %}[{{ m.role }}]{% for p in m.content %}{{ '<i>' if p.type == 'image' else p.text }}"
    "{% endfor %}{% endfor %}"
)
STRINGS = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('No such role') }}{% endif %}"
SAID_IN_PARTS = "[system]Be brief.[user]<i>Which?[assistant]A dog.[user]Sure?[assistant]Yes.[user]<i><i>And here?"


def template(source, mark="<m>"):
    """A template as the engine renders it."""

    def refuse(message):
        raise jinja2.TemplateError(message)

    compiled = jinja2.Environment(autoescape=False).from_string(source, globals={"raise_exception": refuse})
    return ChatTemplate(
        render=lambda messages, tools, generates: compiled.render(
            messages=messages, tools=tools, add_generation_prompt=generates
        ),
        marks=lambda count: [mark] * count,
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (PARTS, SAID_IN_PARTS),
        (PARTS.replace("p.type == 'image'", "p.type == 'image_url'"), SAID_IN_PARTS),
        (PARTS.replace("p.text", "p.content"), SAID_IN_PARTS),
        (STRINGS, SAID_IN_PARTS.replace("<i>", "<m>")),
        (STRINGS.replace("m.content", "m.content + ''"), SAID_IN_PARTS.replace("<i>", "<m>")),
        # Prints lists as JSON instead of failing.
        (STRINGS.replace("m.content", "m.content if m.content is string else m.content | tojson"), None),
        # Takes parts, and no picture among them.
        (PARTS.replace("'<i>' if p.type == 'image' else p.text", "p.text if p.type == 'text'"), None),
        # The system text as a string, all else as parts, as Llama 3.2 does.
        ("[system]{{ messages[0].content + '' }}" + PARTS.replace("in messages", "in messages[1:]"), SAID_IN_PARTS),
        # An answer as parts only, as LLaVA 1.5 does.
        (PARTS.replace("p in m.content", "p in m.content | rejectattr('type', 'undefined')"), SAID_IN_PARTS),
    ],
)
def test_what_a_template_takes_is_found(source, expected):
    """Every word and every picture place comes out, however the content has to be given."""
    assert template(source).text(FULL) == (expected or SAID_IN_PARTS.replace("<i>", "<m>"))


@pytest.mark.parametrize(
    "source",
    [
        NO_SYSTEM + PARTS,
        # Drops it without a word.
        PARTS.replace("in messages", "in messages if m.role != 'system'"),
    ],
)
def test_a_system_text_without_a_role_stands_before_the_first_question(source):
    """The words reach the model either way; pictures stay in front of them."""
    first = "[user]<i>Be brief.\n\nWhich?[assistant]A dog."
    assert template(source).text(FULL).startswith(first)
    without = one_question("What?")
    assert template(source).text(without) == "[user]What?"


def test_a_system_text_may_be_refused_beside_a_picture_only():
    """As in the first templates of Llama 3.2; each kind of conversation is tried for itself."""
    source = (
        "{% for m in messages if m.role == 'user' %}{% for p in m.content if p.type == 'image' %}"
        "{% if messages[0].role == 'system' %}{{ raise_exception('incompatible') }}{% endif %}{% endfor %}{% endfor %}"
    )
    tried = template(source + PARTS)
    asked = one_question("What?", [PICTURE], system="Be brief.")
    assert tried.text(asked) == "[user]<i>Be brief.\n\nWhat?"
    assert tried.text(one_question("What?", system="Be brief.")) == "[system]Be brief.[user]What?"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (PARTS.replace("in messages", "in messages[-1:]"), "it does not show every text"),
        ("{{ raise_exception('never') }}", "never"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(source, why):
    """Nothing is left out in silence."""
    with pytest.raises(Refused, match=why):
        template(source).text(FULL)


def test_a_template_without_a_place_for_the_picture_is_refused():
    """A question about a picture that nobody sees would be answered all the same."""
    texts = "{% for p in m.content if p.type == 'text' %}{{ p.text.split('>')[-1] }}{% endfor %}"
    source = f"{{% for m in messages %}}{texts}{{% endfor %}}"
    with pytest.raises(Refused, match="no place for every picture"):
        template(source).text(one_question("What?", [PICTURE]))
    assert template(source).text(one_question("What?")) == "What?"


def test_words_are_rendered_as_they_are():
    """What was tried with other words holds for these; quotes and braces are not parts of a list."""
    tried = template(PARTS)
    for text in ("{'text': 'x'}", "  spaced  ", "vlmkitasks0x", "{{ messages }}"):
        assert tried.text(one_question(text, [PICTURE])) == f"[user]<i>{text}"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"tokenizer_config.json": {"chat_template": "T"}}, "T"),
        ({"tokenizer_config.json": {"chat_template": "T"}, "chat_template.jinja": "J"}, "J"),
        ({"chat_template.jinja": "J", "chat_template.json": {"chat_template": "O"}}, "O"),
        ({"chat_template.json": {"chat_template": "O"}, "processor_config.json": {"chat_template": "P"}}, "P"),
        ({"processor_config.json": {"x": 1}, "tokenizer_config.json": {}}, None),
        ({"chat_template.jinja": "J", "chat_templates/tool_use.jinja": "U"}, "J"),
        (
            {
                "tokenizer_config.json": {
                    "chat_template": [{"name": "rag", "template": "R"}, {"name": "default", "template": "D"}]
                }
            },
            "D",
        ),
        ({"chat_template.json": {"chat_template": {"default": "D", "tool_use": "U"}}}, "D"),
    ],
)
def test_a_checkpoint_s_own_template_is_in_its_files(tmp_path, files, expected):
    """In the order in which transformers looks for it, whatever mlx_vlm's processor carries."""
    (tmp_path / "chat_templates").mkdir()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert own_template(tmp_path) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"tokenizer_config.json": {"chat_template": "T"}}, None),
        ({"chat_template.jinja": "J", "chat_templates/tool_use.jinja": "U"}, "U"),
        ({"chat_template.json": {"chat_template": "O"}, "chat_templates/tool_use.jinja": "U"}, None),
        ({"chat_template.json": {"chat_template": [{"name": "tool_use", "template": "U"}]}}, "U"),
    ],
)
def test_a_template_for_tools_may_stand_apart(tmp_path, files, expected):
    """Beside the one that is used, and nowhere else."""
    (tmp_path / "chat_templates").mkdir()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert own_tool_template(tmp_path) == expected


def test_several_templates_without_a_default_are_none_to_choose_from(tmp_path):
    """One of them by luck would be another prompt."""
    named = [{"name": "rag", "template": "R"}, {"name": "tool_use", "template": "U"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}), encoding="utf-8")
    with pytest.raises(ValueError, match="called rag, tool_use, and none called default"):
        own_template(tmp_path)


CHATML = (
    "{% if tools %}[tools]{% for t in tools %}{{ t | tojson }}{% endfor %}{% endif %}"
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}"
    "{% for c in m.tool_calls %}(call){{ c.function.name }} {{ c.function.arguments | tojson }}{% endfor %}</>"
    "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)
CALLS = [ToolCall(id="call_123", name="look", arguments='{"row": 1, "place": "top"}')]
TOOLS = (ToolDefinition(name="look", description="Looks.", parameters='{"type": "object"}'),)
CALLED = (Message.user("Which?"), Message.assistant("Wait.", CALLS), Message.tool("call_123", "a star"))


def test_tools_calls_and_results_are_rendered():
    """Arguments as the mapping that templates write as JSON themselves; what is not JSON is kept under a name."""
    tried = template(CHATML)
    assert tried.takes_tools
    text = tried.text(CALLED, TOOLS)
    assert '"name": "look"' in text.partition("<user>")[0]
    assert text.partition("<user>")[2] == (
        'Which?</><assistant>Wait.(call)look {"place": "top", "row": 1}</><tool>a star</><assistant>'
    )
    broken = (CALLED[0], Message.assistant("", [replace(CALLS[0], arguments='{"row": ')]), CALLED[2])
    assert '(call)look {"raw": "{\\"row\\": "}' in tried.text(broken, TOOLS)


def test_a_template_may_take_arguments_as_text():
    """And print them as they are; a mapping would come out as Python's, not as JSON."""
    tried = template(CHATML.replace("c.function.arguments | tojson", "c.function.arguments"))
    assert '(call)look {"row": 1, "place": "top"}</>' in tried.text(CALLED, TOOLS)


def test_a_template_may_take_short_ids_only():
    """As Mistral's do; the result has the same as its call."""
    check = "{% for m in messages if m.tool_call_id %}{% if m.tool_call_id | length != 9 %}{{ raise_exception('9') }}"
    shown = "{% endif %}{{ m.tool_call_id }} {% endfor %}"
    text = template(check + shown + CHATML).text(CALLED, TOOLS)
    assert len(text.partition(" ")[0]) == 9


@pytest.mark.parametrize("source", [PARTS, STRINGS])
def test_a_template_that_does_not_know_tools_is_told_apart(source):
    """What it would drop in silence is refused."""
    tried = template(source)
    assert not tried.takes_tools
    with pytest.raises(Refused, match="it does not show tools"):
        tried.text((Message.user("Which?"),), TOOLS)
    with pytest.raises(Refused, match="it does not show every text"):
        tried.text(CALLED)


def test_questions_in_a_row_may_become_one():
    """Where roles must alternate; elsewhere each stays a message."""
    alternate = (
        "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}"
        "{% endif %}{% endfor %}"
    )
    said = (Message.user("One.", [PICTURE]), Message.user("Two.", [PICTURE]))
    assert template(alternate + PARTS).text(said) == "[user]<i>One.\n\n<i>Two."
    assert template(PARTS).text(said) == "[user]<i>One.[user]<i>Two."


def test_a_system_text_may_stand_in_the_middle():
    """Or at the head of the next question, where the template has no such role."""
    said = (Message.user("One."), Message.assistant("Two."), Message.system("Be brief."), Message.user("Three."))
    assert template(PARTS).text(said) == "[user]One.[assistant]Two.[system]Be brief.[user]Three."
    no_system = PARTS.replace("in messages", "in messages if m.role != 'system'")
    assert template(no_system).text(said) == "[user]One.[assistant]Two.[user]Be brief.\n\nThree."


def test_pictures_stand_where_they_were_put():
    """Between texts, as parts or as marks."""
    said = (Message(role="user", content=("Is ", PICTURE, " as ", PICTURE, "?")),)
    assert template(PARTS).text(said) == "[user]Is <i> as <i>?"
    assert template(STRINGS).text(said) == "[user]Is <m> as <m>?"


def test_an_answer_that_was_begun_goes_on():
    """Without the mark that ends a message, and without a new one."""
    said = (Message.user("Which?"), Message.assistant("It is a "))
    assert template(CHATML).text(said) == "<user>Which?</><assistant>It is a "
    trimmed = CHATML.replace("{{ m.content }}", "{{ m.content | trim }}")
    assert template(trimmed).text(said) == "<user>Which?</><assistant>It is a"


def test_what_was_refused_once_is_not_tried_again():
    """The same shape of conversation is refused from memory."""
    rendered = []
    tried = template(PARTS)
    honest = tried.render
    tried.render = lambda *given: rendered.append(1) or honest(*given)
    for _ in range(2):
        with pytest.raises(Refused):
            tried.text(CALLED)
        times, rendered = len(rendered), []
    assert times == 0
