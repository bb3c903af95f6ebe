"""What a conversation looks like: whole, in order, small, and never as markup of strangers."""

import base64
import re
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image
from scripted_agent import call

from vlmkit import sources
from vlmkit.agent import Conversation, Step
from vlmkit.agent.messages import SUM_UP, result_messages, user_message
from vlmkit.agent.showing import as_html, as_markdown, as_text, call_in_words, ending_in_words
from vlmkit.records import Picture

EVIL = "<img src=x onerror='window.ran = 1'><script>window.ran = 1</script> $\\href{javascript:ran=1}{x}$ \u202egnp.exe"
SHOWN = re.compile(r'<img src="data:(image/\w+);base64,([^"]*)"')


def step(number, *, text="fine", pictures=(), status="done", tool="look", arguments=None):
    return Step(
        turn=1,
        call_id=f"call_{number}",
        tool=tool,
        arguments={} if arguments is None else arguments,
        text=text,
        pictures=pictures,
        status=status,
        seconds=0.25,
    )


def talk(steps, *, question="What is it?", says=None, answer="A square."):
    calls = [call(each.tool, each.arguments, each.call_id) for each in steps]
    messages = [user_message(question), {"role": "assistant", "content": says, "tool_calls": calls}]
    messages += [*result_messages(steps), {"role": "assistant", "content": answer}]
    return Conversation(messages=messages, steps=list(steps), text=answer, turns=2, stopped="answered")


def test_question_steps_and_answer_come_in_order(finished):
    """Calls with their arguments, what became of them, how long they took and what the model was told."""
    for shown in (as_html(finished), as_markdown(finished), as_text(finished)):
        plain = shown.replace("\\", "")
        places = [
            plain.index(text)
            for text in (
                "What is in row 3?",
                "look(row=3) · done · 0.5 s",
                "picture 1 below",
                "loook({row) · unknown · 0.0 s",
                "Error: no such tool",
                "A red square.",
                "answered · 2 turns · 2 calls · 70 tokens read, 9 written",
            )
        ]
        assert places == sorted(places)
        assert "The pictures that the tools gave" not in plain


def test_a_notebook_and_print_show_it(finished):
    """By what each of them asks an object for."""
    assert finished._repr_html_() == as_html(finished)
    assert finished._repr_markdown_() == as_markdown(finished)
    assert str(finished) == as_text(finished)
    assert repr(finished).startswith("Conversation(answered")


def test_steps_are_folded_without_a_script(finished):
    """GitHub and nbviewer fold them, too; the line that stays says how many and what did not work."""
    html = as_html(finished)
    assert "<summary>2 steps: look, loook · 1 unknown</summary>" in html
    assert html.count("<details>") == html.count("</details>") == 1
    assert "<script" not in html


def test_pictures_are_thumbnails(red, finished):
    """Those of the question, and those that tools gave with their steps; small, whatever they were."""
    found = SHOWN.findall(as_html(finished))
    assert len(found) == 2
    large = sources.normalize(sources.refer(Image.effect_noise((1500, 900), 90).convert("RGB")), 1500)
    html = as_html(talk([step(0, pictures=(large, red))]))
    for kind, data in SHOWN.findall(html):
        with Image.open(BytesIO(base64.b64decode(data))) as picture:
            assert kind == f"image/{picture.format.lower()}"
            assert max(picture.size) <= 96
    assert len(html) < 20_000


def test_many_steps_many_pictures_and_long_texts_are_bounded(red):
    """It says what is not shown."""
    steps = [step(number, text="x" * 10_000, pictures=(red,) * 3) for number in range(100)]
    html = as_html(talk(steps, answer="y" * 100_000))
    assert len(SHOWN.findall(html)) == 24
    assert len(html) < 300_000
    assert "40 more steps are in to_frame()." in html
    assert "(8,500 characters more)" in html
    assert "(98,500 characters more)" in html
    assert "3 more not shown" in html
    assert len(call_in_words("look", {"text": "z" * 5000})) == 160


def test_words_of_models_and_tools_are_shown_as_text():
    """Wherever they stand."""
    steps = [step(0, tool=EVIL, arguments={EVIL: EVIL}, text=EVIL), step(1, arguments=EVIL, status="malformed")]
    conversation = replace(talk(steps, question=EVIL, says=EVIL, answer=EVIL), error=EVIL)
    html = as_html(conversation)
    assert html.count("onerror") >= 7
    assert "<img" not in html
    assert "<script" not in html
    assert "tex2jax_ignore mathjax_ignore" in html
    markdown = as_markdown(conversation)
    assert not re.search(r"(?<!\\)[<$\[]", markdown)
    for shown in (html, markdown, as_text(conversation)):
        assert "\u202e" not in shown


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x.png", "data:image/png;base64,!!", "data:image/png;base64,AAAA"])
def test_pictures_that_cannot_be_shown_say_so(url):
    """None is fetched for it, and none keeps the rest from being shown."""
    message = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}
    broken = Picture(data=b"no picture", media_type="image/png", width=9, height=9, digest="d")
    steps = [step(0, pictures=(broken,))]
    conversation = talk(steps)
    conversation.messages.insert(0, message)
    html = as_html(conversation)
    assert html.count("[picture 1 cannot be shown: ") == 2
    assert "A square." in html


def test_it_says_why_it_ended():
    """In words, with what it took; tokens only where the model tells them."""
    stopped = Conversation(stopped="max_turns", turns=1)
    assert ending_in_words(stopped) == "stopped at the limit of turns · 1 turn · 0 calls"
    failed = Conversation(stopped="failed", turns=0, error="Unreachable: nobody there")
    assert ending_in_words(failed) == "the model failed · Unreachable: nobody there · 0 turns · 0 calls"


def test_what_the_loop_itself_says_is_no_question():
    """It reminds a model that said nothing, or that may call no more."""
    conversation = talk([step(0)])
    conversation.messages.insert(-1, user_message(SUM_UP))
    html = as_html(conversation)
    assert html.count("<b>Question</b>") == html.count("<b>Reminder</b>") == 1


def test_several_questions_each_have_their_steps(finished):
    """A conversation that went on is read from top to bottom."""
    further = step(7, tool="count")
    messages = [
        *finished.messages,
        user_message("How many?"),
        {"role": "assistant", "content": None, "tool_calls": [call("count", {}, "call_7")]},
        *result_messages([further]),
        {"role": "assistant", "content": "One."},
    ]
    longer = replace(finished, messages=messages, steps=[*finished.steps, further], text="One.")
    html = as_html(longer)
    assert html.count("<b>Question</b>") == 2
    assert html.count("<details>") == 2
    assert html.index("A red square.") < html.index("How many?") < html.index("1 step: count") < html.index("One.")
