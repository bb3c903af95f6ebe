"""Whatever a template takes is found out by trying; what it does not take is refused, never passed on half."""

import json

import jinja2
import pytest

from vlmkit.engines.template import ChatTemplate, Conversation, Said, own_template
from vlmkit.errors import Refused

FULL = Conversation(
    questions=(Said("Which?", 1), Said("Sure?"), Said("And here?", 2)), answers=("A dog.", "Yes."), system="Be brief."
)
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
    return ChatTemplate(render=lambda messages: compiled.render(messages=messages), marks=lambda count: [mark] * count)


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
    without = Conversation(questions=(Said("What?"),))
    assert template(source).text(without) == "[user]What?"


def test_a_system_text_may_be_refused_beside_a_picture_only():
    """As in the first templates of Llama 3.2; each kind of conversation is tried for itself."""
    source = (
        "{% for m in messages if m.role == 'user' %}{% for p in m.content if p.type == 'image' %}"
        "{% if messages[0].role == 'system' %}{{ raise_exception('incompatible') }}{% endif %}{% endfor %}{% endfor %}"
    )
    tried = template(source + PARTS)
    asked = Conversation(questions=(Said("What?", 1),), system="Be brief.")
    assert tried.text(asked) == "[user]<i>Be brief.\n\nWhat?"
    assert tried.text(Conversation(questions=(Said("What?"),), system="Be brief.")) == "[system]Be brief.[user]What?"


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
        template(source).text(Conversation(questions=(Said("What?", 1),)))
    assert template(source).text(Conversation(questions=(Said("What?"),))) == "What?"


def test_words_are_rendered_as_they_are():
    """What was tried with other words holds for these; quotes and braces are no parts of a list."""
    tried = template(PARTS)
    for text in ("{'text': 'x'}", "  spaced  ", "vlmkitasks0x", "{{ messages }}"):
        assert tried.text(Conversation(questions=(Said(text, 1),))) == f"[user]<i>{text}"


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


def test_several_templates_without_a_default_are_none_to_choose_from(tmp_path):
    """One of them by luck would be another prompt."""
    named = [{"name": "rag", "template": "R"}, {"name": "tool_use", "template": "U"}]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}), encoding="utf-8")
    with pytest.raises(ValueError, match="called rag, tool_use, and none called default"):
        own_template(tmp_path)
