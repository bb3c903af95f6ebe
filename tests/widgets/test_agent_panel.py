"""The panel of an agent at work: steps as they come, a question that is answered once, Stop, and what stays of it."""

import threading
from types import SimpleNamespace

import pytest
from chat_clients import until

from vlmkit.agent import Conversation, ProposedCall, Step, Tool
from vlmkit.agent.control import AgentControl
from vlmkit.agent.events import CallFinished, CallStarted, TurnStarted
from vlmkit.agent.running import AgentRun
from vlmkit.widgets import agent_panel
from vlmkit.widgets.agent_panel import AgentPanel
from vlmkit.widgets.face import Words

EVIL = "<img src=x onerror='window.ran = 1'><script>window.ran = 1</script> \u202egnp.exe"
TAG = Tool(name="tag", call=lambda **_arguments: "done", read_only=False)


def step(number, text="fine", tool="look", status="done"):
    return Step(
        turn=1, call_id=f"c{number}", tool=tool, arguments={"row": number}, text=text, status=status, seconds=0.1
    )


def proposed(**arguments):
    return ProposedCall(tool=TAG, arguments=arguments, call_id="c", turn=1)


class Working:
    """A run whose work is what a test lets it do, and its panel, with what was displayed."""

    def __init__(self, monkeypatch, *, is_background=True, question="Which row?"):
        self.displayed, self.updates = [], []
        handle = SimpleNamespace(update=self.updates.append)
        monkeypatch.setattr(agent_panel, "display", lambda widget, **_options: self.displayed.append(widget) or handle)
        self.end = threading.Event()
        self.said = []
        self.control = AgentControl(is_background=is_background)
        self.run = AgentRun(question, self._work, self.control)
        self.panel = AgentPanel(self.run)
        self.panel.show()
        self.run.start()

    def _work(self):
        control = self.control
        while not control.stop.is_set() and not self.end.wait(0.01):
            pass
        stopped = "interrupted" if control.stop.is_set() else "answered"
        return Conversation(steps=list(control.steps), text="Row 3.", turns=2, stopped=stopped)

    def ask(self, call):
        """Have a call wait for a yes in a thread, as the run does."""
        thread = threading.Thread(target=lambda: self.said.append(self.control.ask(call)))
        thread.start()
        return thread

    def text(self):
        """Everything the panel shows, as HTML and as text."""
        said, waiting = [], [self.panel.widget]
        while waiting:
            widget = waiting.pop(0)
            if getattr(widget.layout, "display", None) != "none":
                waiting += getattr(widget, "children", ())
                said += [str(getattr(widget, name)) for name in ("value", "description") if hasattr(widget, name)]
        return "\n".join(said)


@pytest.fixture
def working(monkeypatch):
    """Starts runs, and ends them after the test."""
    started = []

    def start(**options):
        started.append(Working(monkeypatch, **options))
        return started[-1]

    yield start
    for each in started:
        each.run.stop()
        assert each.run.join(60)
        until(lambda each=each: each.updates)


def test_steps_come_as_they_are_made(working):
    """With what the agent does now above them."""
    watched = working()
    assert watched.displayed == [watched.panel.widget]
    until(lambda: "starting" in watched.text())
    watched.control.hear(TurnStarted(turn=1, conversation=Conversation()))
    until(lambda: "turn 1: the model is asked" in watched.text())
    watched.control.hear(CallStarted(turn=1, call_id="c0", tool="look", arguments={"row": 0}))
    until(lambda: "turn 1: look(row=0)" in watched.text())
    watched.control.hear(CallFinished(step=step(0)))
    watched.control.hear(CallFinished(step=step(1, status="failed")))
    until(lambda: "look(row=1) · failed · 0.1 s" in watched.text())
    assert "Which row?" in watched.text()
    assert watched.text().index("look(row=0) · done") < watched.text().index("look(row=1) · failed")


def test_of_many_steps_the_last_are_shown(working):
    """Each is sent once."""
    watched = working()
    for number in range(150):
        watched.control.hear(CallFinished(step=step(number)))
    until(lambda: "look(row=149)" in watched.text())
    assert len(watched.panel._steps.children) == 60
    assert "look(row=20)" not in watched.text()


@pytest.mark.parametrize(("button", "answer"), [("_approve", True), ("_decline", False)])
def test_a_call_waits_for_a_yes_or_a_no(working, button, answer):
    """What it is shows whole; there are buttons only as long as it waits."""
    watched = working()
    assert "Approve" not in watched.text()
    asking = watched.ask(proposed(row=3, tag="x" * 900))
    until(lambda: "Approve" in watched.text())
    assert "May it call tag?" in watched.text()
    assert "x" * 900 in watched.text()
    assert watched.run.state == "waiting"
    getattr(watched.panel, button).click()
    asking.join(60)
    assert watched.said == [answer]
    until(lambda: "Approve" not in watched.text())


def test_a_second_click_does_not_answer_the_next_question(working):
    """Nobody allows what was not shown yet."""
    watched = working()
    call = proposed(row=1)
    first = watched.ask(call)
    until(lambda: watched.panel._asked is call)
    watched.panel._approve.click()
    first.join(60)
    second = watched.ask(proposed(row=2))
    until(lambda: watched.control.pending is not None)
    watched.control.decide(call, approve=True)
    assert watched.control.pending is not None
    until(lambda: '"row": 2' in watched.panel._question.text)
    watched.panel._decline.click()
    second.join(60)
    assert watched.said == [True, False]


def test_stop_ends_the_run_and_a_question_that_waits(working):
    """A call that nobody answered is not made."""
    watched = working()
    asking = watched.ask(proposed(row=1))
    until(lambda: "Approve" in watched.text())
    watched.panel._stop.click()
    asking.join(60)
    assert watched.said == ["the run was stopped"]
    assert watched.run.wait().stopped == "interrupted"
    assert watched.run.state == "interrupted"


def test_in_the_end_the_conversation_takes_the_place_of_the_panel(working):
    """As plain HTML, for a saved notebook has no widgets."""
    watched = working()
    watched.control.hear(CallFinished(step=step(0)))
    watched.end.set()
    assert watched.run.wait().completed
    until(lambda: watched.updates)
    bundle = watched.updates[0]._repr_mimebundle_()
    assert bundle == {"text/plain": str(watched.run.conversation), "text/html": watched.run.conversation._repr_html_()}
    assert watched.panel.widget.comm is None


def test_a_busy_kernel_is_offered_no_button(working):
    """It says how the notebook stops it; the cell itself gives the conversation."""
    watched = working(is_background=False)
    assert "interrupt the kernel" in watched.text()
    assert "Stop" not in watched.text()
    watched.end.set()
    watched.run.wait()
    until(lambda: watched.updates)
    assert watched.updates[0]._repr_mimebundle_()["text/plain"] == "answered"


def test_an_error_stands_where_the_panel_was():
    """Nobody else says so in the background until somebody waits."""
    run = AgentRun("?", lambda: 1 / 0, AgentControl(is_background=True)).start()
    with pytest.raises(ZeroDivisionError):
        run.wait()
    assert run.state == "failed"
    assert "ZeroDivisionError" in agent_panel._Ended(run)._repr_mimebundle_()["text/plain"]


def test_words_of_strangers_are_shown_as_text(working):
    """The question, a call, its arguments, what a tool said."""
    watched = working(question=EVIL)
    watched.control.hear(CallStarted(turn=1, call_id="c", tool=EVIL, arguments={EVIL: EVIL}))
    watched.control.hear(CallFinished(step=step(0, text=EVIL, tool=EVIL)))
    asking = watched.ask(proposed(tag=EVIL))
    until(lambda: watched.text().count("onerror") >= 6)
    assert "<img" not in watched.text()
    assert "<script" not in watched.text()
    assert "\u202e" not in watched.text()
    assert isinstance(watched.panel._question, Words)
    watched.run.stop()
    asking.join(60)
