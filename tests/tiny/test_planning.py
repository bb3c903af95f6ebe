"""The bundled model as an agent: it calls what fits, and believes what it is told rather than what it sees."""

import pytest

import vlmkit as vk
from vlmkit.agent import Agent, tool
from vlmkit.tiny import scenes

SCENES = range(9_000_000, 9_000_006)


@pytest.fixture(scope="module")
def tiny():
    """The bundled model, open."""
    with vk.load("tiny") as model:
        yield model


@tool(read_only=True)
def count(what: str) -> int:
    """Counts the objects of one kind."""
    return 11


@tool(read_only=True)
def look(place: str) -> str:
    """Shows one place of the picture, larger."""
    return "a small blue star"


def plural(thing):
    return f"{thing.shape}{'es' if thing.shape.endswith('s') else 's'}"


@pytest.mark.core_model
@pytest.mark.parametrize("tool_choice", ["required", "auto"])
def test_an_answer_is_read_from_a_result_that_contradicts_the_picture(tiny, tool_choice):
    """No scene has eleven objects: who says so has read it."""
    agent = Agent(tiny, tools=[look, count])
    for seed in SCENES:
        scene = scenes.make(seed)
        kind = plural(scene.things[0])
        run = agent.run(f"Count the {kind} with a tool.", images=[scene.draw()], tool_choice=tool_choice, max_turns=3)
        assert [(step.tool, step.arguments, step.status) for step in run.steps] == [("count", {"what": kind}, "done")]
        assert (run.text, run.stopped) == ("11", "answered")


@pytest.mark.core_model
def test_of_several_tools_it_calls_the_one_that_fits(tiny):
    """By what its description says, with what the question names."""
    agent = Agent(tiny, tools=[look, count])
    for seed in SCENES:
        scene = scenes.make(seed)
        place = scene.things[0].place
        run = agent.run(f"Look closer at the {place}.", images=[scene.draw()], tool_choice="required", max_turns=3)
        assert [(step.tool, step.arguments) for step in run.steps] == [("look", {"place": place})]
        assert run.text == "a small blue star"


@pytest.mark.core_model
def test_it_is_told_of_tools_by_their_lines_alone(tiny):
    """It knows no system messages: one more sentence would cost it half of its calls. What a person says is said."""
    picture = scenes.make(SCENES[0]).draw()
    run = Agent(tiny, tools=[count]).run("Count the circles with a tool.", images=[picture], max_turns=1)
    assert run.messages[0]["role"] == "user"
    run = Agent(tiny, tools=[count], system="Be brief.").run("Count the circles.", images=[picture], max_turns=1)
    assert run.messages[0] == {"role": "system", "content": "Be brief."}


@pytest.mark.core_model
def test_a_table_is_searched_for_what_was_asked(tiny):
    """By the tools over tables: the rows that it found have it."""
    import pandas as pd

    captions = ["A red circle.", "A green star and a red cross.", "A green star."]
    images = [scenes.make(seed).draw() for seed in SCENES[:3]]
    table = pd.DataFrame({"image": images, "caption": captions})
    run = table.vlm.agent(
        "Search all rows for a green star.",
        model=tiny,
        allowed_tools=["find_rows"],
        tool_choice="required",
        system="",
        max_turns=2,
    )
    assert run.steps[0].arguments == {"text": "green star"}
    assert run.rows == [1, 2]
