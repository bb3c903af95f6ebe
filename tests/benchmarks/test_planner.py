"""What the planner benchmark asks is what it counts as right; the whole of it runs on a few scenes."""

import pytest
from scripted_agent import Script

from tests.benchmarks.planner import main, plan, task


def test_each_task_has_a_tool_that_fits_and_an_answer_in_its_result():
    """Its call keeps to the tool's schema; what it gives holds the answer."""
    for number in range(200):
        drawn = task(number, unseen=number % 2 == 1)
        (fitting,) = [tool for tool in drawn.tools if tool.name == drawn.call["name"]]
        assert set(drawn.call["arguments"]) == set(fitting.parameters["properties"])
        assert drawn.answer in fitting.run(drawn.call["arguments"]).text
        assert all(tool.call() == "nothing" for tool in drawn.tools if tool is not fitting)


def test_who_calls_right_and_reads_the_result_has_all_points():
    """And who answers at once has none."""
    drawn = task(0, unseen=False)
    knowing = Script([(drawn.call["name"], drawn.call["arguments"])], drawn.answer)
    assert str(plan(knowing, 1, choice="required")[0]) == "tool 1 · call 1 · read 1 of 1"
    guessing = Script(drawn.answer)
    assert str(plan(guessing, 1, choice="auto")[0]) == "tool 0 · call 0 · read 0 of 1"


@pytest.mark.benchmark
def test_both_ways_are_counted(capsys):
    """On a few scenes."""
    tallies = main(["--scenes", "3"])
    assert [tally.total for tally in tallies.values()] == [3, 3]
    assert capsys.readouterr().out.count(" of 3") == 2
