"""Open models in conversations with tools: the bundled one calls real tools, and reads what they give.

What the tools say contradicts the picture, or cannot be seen in it: an answer that repeats it was read from the result.
"""

import threading

import pytest
from scripted_agent import assert_legal, call

import vlmkit as vk
from vlmkit.agent import Agent, run_conversation, tool
from vlmkit.agent.messages import user_message
from vlmkit.agent.models import with_last_pictures
from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import ChatError
from vlmkit.tiny import scenes


@pytest.fixture(scope="module")
def tiny():
    """The bundled model, opened once."""
    with vk.load("tiny") as model:
        yield model


@tool(read_only=True)
def count(objects: str) -> int:
    """Counts objects of one kind in the picture"""
    return 7


@tool(read_only=True)
def look_closer(place: str) -> str:
    """Shows one place of the picture larger"""
    return "a large blue star"


@tool
def erase(place: str) -> str:
    """Erases one place of the picture"""
    raise AssertionError("it was not allowed")


@pytest.fixture
def scene():
    """A picture without seven of anything."""
    return scenes.make(7).draw()


COUNT = "How many red circles are there? Use a tool."
LOOK = "Look closer at the top left."

core_model = pytest.mark.core_model


@core_model
def test_us3_a_structured_call_is_made_and_its_result_fed_back(tiny, scene):
    """The tool, its arguments, and an answer that only the result can have given."""
    made = Agent(tiny, tools=[count, look_closer]).run(COUNT, images=[scene])
    (step,) = made.steps
    assert (step.tool, step.arguments, step.status) == ("count", {"objects": "red circles"}, "done")
    assert (made.text, made.completed, made.turns) == ("7", True, 2)
    assert made.usage.prompt_tokens > 0
    assert_legal(made.messages)


@core_model
def test_us3_the_tool_is_chosen_by_the_question(tiny, scene):
    """Among several, by what their descriptions say."""
    made = Agent(tiny, tools=[count, look_closer]).run(LOOK, images=[scene])
    assert [(step.tool, step.arguments) for step in made.steps] == [("look_closer", {"place": "top left"})]
    assert made.text == "a large blue star"


@core_model
def test_us3_several_calls_of_one_reply_are_all_answered(tiny, scene):
    """The model reads on behind both; they were planned for it, as it plans one at a time."""
    planned = {"role": "assistant", "content": None}
    planned["tool_calls"] = [call("count", {"objects": "stars"}, "c1"), call("look_closer", {"place": "left"}, "c2")]
    model = Planned(tiny, planned)
    made = Agent(model, tools=[count, look_closer]).run("Count the stars, and look at the left.", images=[scene])
    assert [(step.tool, step.status) for step in made.steps] == [("count", "done"), ("look_closer", "done")]
    assert made.completed
    assert_legal(made.messages)


@core_model
def test_us3_none_is_needed_and_the_answer_is_plain(tiny, scene):
    """Where no tool may be called, or there is none, the model answers by itself."""
    truth = str(len(scenes.make(7).things))
    question = "How many objects are there?"
    made = Agent(tiny, tools=[count]).run(question, images=[scene], tool_choice="none")
    assert (made.text, made.steps, made.turns) == (truth, [], 1)
    assert Agent(tiny).run(question, images=[scene]).text == truth


@core_model
@pytest.mark.parametrize("choice", ["required", "count"])
def test_us3_a_call_is_forced(tiny, scene, choice):
    """In the first reply; then the model may answer."""
    made = Agent(tiny, tools=[count]).run("Is there a star?", images=[scene], tool_choice=choice)
    assert [step.tool for step in made.steps] == ["count"]
    assert (made.text, made.turns) == ("7", 2)


@core_model
def test_us5_at_the_limit_there_is_a_partial_result(tiny, scene):
    """What was called is there, though nothing was answered."""
    made = run_conversation([user_message(COUNT)], model=tiny, tools=[count], max_turns=1)
    assert (made.stopped, made.completed, made.turns_taken, made.text) == ("max_turns", False, 1, None)
    assert [step.text for step in made.tool_calls_executed] == ["7"]
    assert_legal(made.messages)


@core_model
def test_us5_a_tool_that_is_not_allowed_is_blocked_and_the_model_told(tiny, scene):
    """It is not offered; a call of it all the same is answered with what is allowed, and the model goes on."""
    model = Planned(tiny, {"content": None, "tool_calls": [call("erase", {"place": "left"})]})
    made = Agent(model, tools=[count, erase]).run(COUNT, images=[scene], allowed_tools=["count"])
    assert [(step.tool, step.status) for step in made.steps] == [("erase", "blocked")]
    assert model.offered == [["count"], ["count"]]
    assert made.steps[0].text == "Error: The tool 'erase' is not allowed here. Allowed: count."
    assert made.completed


@core_model
def test_us5_only_allowed_tools_are_offered(tiny, scene):
    """The model cannot call another one: it is held to those that it is offered."""
    model = Planned(tiny)
    made = Agent(model, tools=[count, look_closer]).run(COUNT, images=[scene], allowed_tools=["look_closer"])
    assert [step.tool for step in made.steps] == ["look_closer"]
    assert model.offered == [["look_closer"]] * 2


@core_model
def test_us5_three_calls_over_five_turns(tiny, scene):
    """A conversation of several questions, each with its calls; all of it can be looked at afterwards."""
    agent = Agent(tiny, tools=[count, look_closer])
    made = agent.run(COUNT, images=[scene])
    for question, tool_name in ((LOOK, "look_closer"), ("How many blue squares are there?", "count")):
        made = made.go_on(question, tool_choice=tool_name)
        assert made.completed
    assert made.turns >= 5
    assert [step.tool for step in made.steps] == ["count", "look_closer", "count"]
    assert made.to_frame()["turn"].tolist() == [1, 3, 5]
    assert_legal(made.messages)


@core_model
def test_a_model_behind_http_calls_tools(scene):
    """Their pictures go there, too; pieces of its text come as they are written."""

    @tool(read_only=True)
    def cut_out(place: str) -> list:
        """Cuts out one place of the picture"""
        return [f"the {place}:", scenes.make(9).draw()]

    heard = []
    with vk.serve("tiny") as server:
        agent = Agent(f"openai:tiny@{server.url}", tools=[cut_out])
        made = agent.run(LOOK, images=[scene], tool_choice="cut_out", on_event=heard.append)
    assert [(step.tool, step.status, len(step.pictures)) for step in made.steps] == [("cut_out", "done", 1)]
    assert made.steps[0].text.endswith(":\n[picture 1 below]")
    assert made.completed
    assert any(type(event).__name__ == "TextWritten" for event in heard)
    assert made.usage.completion_tokens > 0


class Planned:
    """A model whose first replies were planned by somebody else; the others are its own."""

    def __init__(self, model, *replies):
        self._replies = list(replies)
        self._own = Agent(model)
        self.offered = []

    def __call__(self, messages, tools, tool_choice):
        self.offered.append([entry["function"]["name"] for entry in tools])
        if self._replies:
            return self._replies.pop(0)
        return model_chat(self._own.model)(messages, tools, tool_choice)


def model_chat(backend, **options):
    """A model as the loop knows it."""
    from vlmkit.agent.models import ModelChat

    options = {"is_stopped": lambda: False, "on_text": lambda text: None} | options
    return ModelChat(backend, {"max_tokens": 200}, **options)


@core_model
def test_text_comes_piece_by_piece(tiny, scene):
    """While it is written; together the pieces are the answer."""
    heard = []
    made = Agent(tiny).run("Describe the picture in detail.", images=[scene], on_event=heard.append)
    pieces = [event.text for event in heard if type(event).__name__ == "TextWritten"]
    assert len(pieces) > 1
    assert "".join(pieces) == made.text


def test_a_model_is_stopped_while_it_writes():
    """Stop ends the reply, not only the conversation."""
    stop = threading.Event()
    with FakeBackend(replies=["never"], abilities=Abilities(tools=True), delay_s=30) as model:
        timer = threading.Timer(0.2, stop.set)
        timer.start()
        made = Agent(model, tools=[count]).run("What?", stop=stop)
        timer.join()
    assert (made.stopped, made.turns) == ("interrupted", 0)


def test_a_model_that_takes_no_tools_says_so():
    """Before anything is done."""
    with (
        FakeBackend(replies=["Hm."], abilities=Abilities(tools=False)) as model,
        pytest.raises(ChatError, match="takes none"),
    ):
        Agent(model, tools=[count]).run("What?")


def pictures(number, red, is_of_tools):
    text = "The pictures that the tools gave, in order." if is_of_tools else "What?"
    return user_message(text, [red] * number)


def shown(messages):
    return [sum(part["type"] == "image_url" for part in message["content"]) for message in messages]


@pytest.mark.parametrize(
    ("most", "left"), [(9, [1, 2, 3]), (6, [1, 2, 3]), (5, [1, 1, 3]), (3, [1, 0, 2]), (1, [1, 0, 0])]
)
def test_the_oldest_pictures_of_tools_make_room(red, most, left):
    """A model takes so many; those of the question stay, and the conversation itself keeps all."""
    messages = [pictures(1, red, False), pictures(2, red, True), pictures(3, red, True)]
    fitted = with_last_pictures(messages, most)
    assert shown(fitted) == left
    assert shown(messages) == [1, 2, 3]
    told = [message["content"][0].get("text") for message in fitted]
    assert [text == "[earlier pictures are not shown any more]" for text in told] == [
        before > after for before, after in zip([1, 2, 3], left, strict=True)
    ]
