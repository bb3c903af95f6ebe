"""The loop: every way a conversation can go, with real tools and a model that says what it is told to."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scripted_agent import Script, assert_legal, call

from vlmkit.agent import Agent, ConversationEnded, Tool, ToolError, ToolResult, TurnStarted, tool
from vlmkit.agent.loop import ChatReply
from vlmkit.errors import Cancelled, ChatError, ServerFault
from vlmkit.records import Usage


@tool(read_only=True)
def look(row: int) -> str:
    """Look at a row."""
    return f"row {row}: a red circle"


@tool(read_only=False)
def write(text: str) -> str:
    """Write something down."""
    return f"wrote {text}"


@tool
def broken(row: int) -> str:
    """Break."""
    raise ZeroDivisionError(f"row {row} is zero")


@tool(read_only=True)
def paint(count: int) -> list:
    """Give pictures."""
    return [Image.new("RGB", (40, 30), "blue")] * count


def run(*replies, tools=(look, write, broken, paint), **options):
    """A conversation with a scripted model, and the model."""
    model = Script(*replies)
    options = {"sum_up": False} | options
    conversation = Agent(model, tools=list(tools)).run("What is there?", **options)
    assert_legal(conversation.messages)
    assert len(conversation.steps) == len(conversation.tool_calls)
    return conversation, model


def statuses(conversation):
    return [step.status for step in conversation.steps]


def test_an_answer_needs_no_tool():
    """A model that says something is done."""
    made, model = run("A circle.")
    assert (made.text, made.stopped, made.completed, made.turns, made.steps) == ("A circle.", "answered", True, 1, [])
    assert model.asked[0][1:] == (["look", "broken", "paint"], "auto")


def test_a_result_is_fed_back():
    """The model reads what its tool gave, in a message that names the call."""
    made, model = run([("look", {"row": 3}, "call_x")], lambda messages: f"I read: {messages[-1]['content']}")
    assert made.text == "I read: row 3: a red circle"
    assert made.messages[-2] == {"role": "tool", "tool_call_id": "call_x", "content": "row 3: a red circle"}
    (step,) = made.steps
    assert (step.turn, step.tool, step.arguments, step.status, step.rows) == (1, "look", {"row": 3}, "done", ())
    assert [asked[2] for asked in model.asked] == ["auto", "auto"]


def test_several_calls_are_answered_in_order():
    """However long each takes; what changes nothing runs at the same time."""
    together = threading.Barrier(2, timeout=10)

    @tool(read_only=True)
    def meet(name: str, seconds: float) -> str:
        """Meet another call."""
        together.wait()
        time.sleep(seconds)
        return name

    made, _ = run(
        [("meet", {"name": "a", "seconds": 0.05}), ("meet", {"name": "b", "seconds": 0})], "Done.", tools=[meet]
    )
    assert [step.text for step in made.steps] == ["a", "b"]


def test_what_may_change_something_runs_alone():
    """One after the other, in the order of the calls, as the second may rest on the first."""
    running, most = [], []

    @tool
    def act(name: str) -> str:
        """Act."""
        running.append(name)
        most.append(len(running))
        time.sleep(0.02)
        running.remove(name)
        return name

    made, _ = run([("act", {"name": each}) for each in "abc"], "Done.", tools=[act])
    assert most == [1, 1, 1]
    assert statuses(made) == ["done"] * 3


def test_every_mistake_is_an_answer():
    """Unknown, blocked, malformed, failing: each answer says what to do, and the other calls are made."""
    calls = [
        ("nope", {}),
        ("write", {"text": "x"}),
        ("look", "{row:"),
        ("look", "[1]"),
        ("look", {"line": 1}),
        ("broken", {"row": 0}),
        ("look", {"row": 1}),
    ]
    made, _ = run(calls, "Sorry.")
    assert statuses(made) == ["unknown", "blocked", "malformed", "malformed", "malformed", "failed", "done"]
    texts = [step.text for step in made.steps]
    assert texts[0] == "Error: There is no tool 'nope'. There are: look, broken, paint."
    assert texts[1] == (
        "Error: The tool 'write' may change something, which nobody allowed. Allowed: look, broken, paint."
    )
    assert texts[2].startswith("Error: The arguments are no JSON: ")
    assert texts[2].endswith("Call look again with one JSON object.")
    assert texts[3] == "Error: The arguments are no JSON object. Call look again with one JSON object."
    assert "unexpected keyword argument 'line'" in texts[4]
    assert texts[5] == "Error: ZeroDivisionError: row 0 is zero"
    assert made.steps[2].arguments == "{row:"
    assert made.completed


def test_what_a_tool_says_of_a_mistake_reaches_the_model():
    """Word for word, whether it is raised or given."""

    @tool
    def count(row: int) -> str | ToolResult:
        """Count."""
        if row > 9:
            raise ToolError(f"row {row}: the table has rows 0 to 9.")
        return ToolResult.fault("The picture is blank.")

    made, _ = run([("count", {"row": 12}), ("count", {"row": 1})], "Sorry.", tools=[count])
    assert [step.text for step in made.steps] == [
        "Error: row 12: the table has rows 0 to 9.",
        "Error: The picture is blank.",
    ]
    assert statuses(made) == ["failed", "failed"]


def test_arguments_of_a_servers_tool_are_checked_by_its_schema():
    """Before the server sees them."""
    schema = {"type": "object", "properties": {"row": {"type": "integer", "minimum": 0}}, "required": ["row"]}
    called = []
    remote = Tool(
        name="get", server="rows", parameters=schema, call=lambda row: called.append(row) or row, read_only=True
    )
    made, _ = run([("get", {"row": -1}), ("get", {}), ("get", {"row": 2})], "Done.", tools=[remote])
    assert statuses(made) == ["malformed", "malformed", "done"]
    assert "row: -1 is less than the minimum of 0" in made.steps[0].text
    assert (called, made.steps[2].text) == ([2], "2")


@pytest.mark.parametrize("arguments", ["", "  ", None])
def test_no_arguments_are_an_empty_object(arguments):
    """Some models write nothing where a tool takes nothing; others need what they left out."""

    @tool
    def now() -> str:
        """Tell the time."""
        return "noon"

    calls = [{"function": {"name": name, "arguments": arguments}} for name in ("now", "look")]
    made, _ = run({"role": "assistant", "tool_calls": calls}, "Noon.", tools=[now, look])
    assert statuses(made) == ["done", "malformed"]


def test_a_call_that_was_cut_off_says_so():
    """A model that ran out of tokens inside a call is told that, not that its JSON is bad."""
    cut = {"role": "assistant", "tool_calls": [call("look", '{"row": 1')]}
    made, _ = run(ChatReply(message=cut, finish_reason="length"), "Row 1.")
    assert made.steps[0].status == "malformed"
    assert "was cut off, as the reply was too long" in made.steps[0].text


def test_an_answer_that_was_cut_off_is_none():
    """Half an answer is kept, and said to be one."""
    made, _ = run(ChatReply(message={"content": "A red"}, finish_reason="length"))
    assert (made.text, made.stopped, made.completed) == ("A red", "tokens", False)


def test_at_the_limit_of_turns_there_is_a_partial_result():
    """Nothing is raised: what was said and done is there."""
    replies = [{"content": f"Looking at {row}.", "tool_calls": [call("look", {"row": row})]} for row in range(9)]
    made, model = run(*replies, max_turns=3)
    assert (made.stopped, made.completed, made.turns, len(made.steps)) == ("max_turns", False, 3, 3)
    assert made.text == "Looking at 2."
    assert len(model.asked) == 3


def test_at_the_limit_the_model_may_sum_up():
    """Once more, uncounted, with tools that it may not call; calls all the same are dropped."""
    last = {"content": "So far: circles.", "tool_calls": [call("look", {"row": 9})]}
    made, model = run([("look", {"row": 1})], [("look", {"row": 2})], last, max_turns=2, sum_up=True)
    assert (made.stopped, made.turns, made.text) == ("max_turns", 2, "So far: circles.")
    assert model.asked[-1][2] == "none"
    assert made.messages[-1] == {"role": "assistant", "content": "So far: circles."}


def test_a_summary_that_fails_leaves_the_partial_result():
    """And says why there is no summary."""

    def fail(messages):
        raise ChatError("too long", code="context_length_exceeded")

    made, _ = run([("look", {"row": 1})], fail, max_turns=1, sum_up=True)
    assert (made.stopped, made.error, len(made.steps)) == ("max_turns", "ChatError: too long", 1)


def test_the_same_call_again_and_again_is_stopped():
    """Three times it is made, then refused; three turns of nothing else end the conversation."""
    made, _ = run(*[[("look", {"row": 1})]] * 20, max_turns=20)
    assert (made.stopped, made.turns) == ("stuck", 6)
    assert statuses(made) == ["done"] * 3 + ["repeated"] * 3
    assert made.steps[3].text.startswith("Error: You called look with the same arguments 3 times before.")


def test_a_change_makes_the_same_question_a_new_one():
    """After something was written, a look may show something else."""
    turns = [[("look", {"row": 1})]] * 3 + [[("write", {"text": "x"})]] + [[("look", {"row": 1})]] * 3
    made, _ = run(*turns, "Done.", allowed_tools=["look", "write"])
    assert statuses(made) == ["done"] * 7


def test_calls_are_counted_and_limited():
    """What goes beyond is refused, and ends it; a model that answers instead has its answer."""
    made, _ = run([("look", {"row": row}) for row in range(4)], max_tool_calls=2)
    assert statuses(made) == ["done", "done", "blocked", "blocked"]
    assert made.stopped == "max_tool_calls"
    made, _ = run([("look", {"row": row}) for row in range(2)], "Done.", max_tool_calls=2)
    assert made.completed


def test_tokens_are_counted_and_limited():
    """Those of all replies; a model that does not count is not limited."""
    reply = ChatReply(
        message={"tool_calls": [call("look", {"row": 1})]}, usage=Usage(prompt_tokens=30, completion_tokens=5)
    )
    made, _ = run(reply, reply, reply, max_tokens_total=60)
    assert (made.stopped, made.turns, made.usage) == ("tokens", 2, Usage(prompt_tokens=60, completion_tokens=10))
    made, _ = run([("look", {"row": 1})], "Done.", max_tokens_total=1)
    assert made.completed
    assert made.usage == Usage()


def test_a_tool_that_takes_too_long_is_given_up():
    """The model is told, and the conversation goes on while the tool may still work."""
    release = threading.Event()

    @tool
    def wait() -> str:
        """Wait."""
        release.wait(20)
        return "late"

    made, _ = run([("wait",)], "Without it.", tools=[wait], tool_timeout_s=0.05)
    release.set()
    assert statuses(made) == ["timed_out"]
    assert "No result after" in made.steps[0].text
    assert made.completed


def test_a_tool_knows_that_nobody_waits_any_more():
    """It hears it by the call that it works on, and can end."""
    from vlmkit.agent.calls import call_in_progress

    ended = threading.Event()

    @tool(timeout_s=0.05)
    def work() -> str:
        """Work until nobody waits."""
        if call_in_progress().end.wait(20):
            ended.set()
        return "late"

    run([("work",)], "Done.", tools=[work])
    assert ended.wait(10)


def test_the_time_of_a_whole_conversation_is_limited():
    """A call that is being made then is given up; the next ones are not begun."""

    @tool
    def wait() -> str:
        """Wait."""
        time.sleep(0.3)
        return "late"

    made, _ = run([("wait",), ("wait",)], tools=[wait], timeout_s=0.05)
    assert made.stopped == "time"
    assert statuses(made) == ["timed_out", "cancelled"]


def test_a_tool_that_times_out_by_itself_says_so():
    """A server's own limit is no failure of the tool."""

    @tool
    def ask() -> str:
        """Ask a server."""
        raise TimeoutError("files: no answer after 30 s.")

    made, _ = run([("ask",)], "Done.", tools=[ask])
    assert (made.steps[0].status, made.steps[0].text) == ("timed_out", "Error: files: no answer after 30 s.")


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_a_tool_cannot_end_the_program(error):
    """What it raises stays its own."""

    @tool
    def leave() -> str:
        """Leave."""
        raise error

    made, _ = run([("leave",)], "Still here.", tools=[leave])
    assert (made.completed, statuses(made)) == (True, ["failed"])


def test_an_empty_reply_is_asked_for_once_more():
    """Then it is the end; the model's empty messages are not kept."""
    made, model = run("", "A circle.")
    assert (made.text, made.turns) == ("A circle.", 2)
    assert model.asked[1][0][-1]["content"] == "Your last reply was empty. Answer the question, or call a tool."
    made, _ = run("", {"content": None})
    assert (made.stopped, made.turns, made.text) == ("empty", 2, None)


def test_pictures_of_tools_are_shown_after_all_answers():
    """In one message of the user; at most four a turn, and each answer says which are its own."""
    made, _ = run([("paint", {"count": 3}), ("look", {"row": 1}), ("paint", {"count": 2})], "Blue.")
    assert [message["role"] for message in made.messages[2:]] == [
        "assistant",
        "tool",
        "tool",
        "tool",
        "user",
        "assistant",
    ]
    texts = [step.text.splitlines() for step in made.steps]
    assert texts[0] == ["[picture 1 below]", "[picture 2 below]", "[picture 3 below]"]
    assert texts[2] == ["[picture 4 below]", "[a picture that is not shown; ask for fewer at a time]"]
    shown = [part for part in made.messages[-2]["content"] if part["type"] == "image_url"]
    assert len(shown) == 4
    assert [len(step.pictures) for step in made.steps] == [3, 0, 1]


def test_a_long_result_is_cut():
    """And says how long it was."""

    @tool
    def read() -> str:
        """Read."""
        return "x" * 50

    made, _ = run([("read",)], "Long.", tools=[read], result_characters=10)
    assert made.steps[0].text == "x" * 10 + "\n[cut: 50 characters in all; ask for less]"


def test_a_picture_in_a_text_is_shown():
    """Base64 is never read to the model."""
    import base64
    import io

    file = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(file, "PNG")

    @tool
    def fetch() -> str:
        """Fetch."""
        return f"here: data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"

    made, _ = run([("fetch",)], "Red.", tools=[fetch])
    assert made.steps[0].text == "here: [picture 1 below]"
    assert len(made.steps[0].pictures) == 1


def test_a_call_can_be_forced():
    """In the first reply only: in all of them it would never end."""
    _, model = run([("look", {"row": 1})], "Done.", tool_choice="required")
    assert [asked[2] for asked in model.asked] == ["required", "auto"]
    _, model = run([("look", {"row": 1})], "Done.", tool_choice="look")
    assert model.asked[0][2] == "look"


def test_without_tools_nothing_can_be_called():
    """A model that calls all the same is told so."""
    made, model = run([("look", {"row": 1})], "A circle.", tools=[])
    assert model.asked[0][1:] == ([], "none")
    assert made.steps[0].text == "Error: There is no tool 'look'. There are no tools. Answer without."


def test_a_model_that_fails_at_once_is_an_error():
    """Nothing was done yet that could be lost."""

    def fail(messages):
        raise ChatError("no such model")

    with pytest.raises(ChatError, match="no such model"):
        run(fail)
    with pytest.raises(ServerFault, match="The model failed: ValueError: odd"):
        run(lambda messages: (_ for _ in ()).throw(ValueError("odd")))


def test_a_model_that_fails_later_leaves_what_was_done():
    """The conversation says why it ended, and can be gone on with."""

    def fail(messages):
        raise ChatError("too long", code="context_length_exceeded")

    made, _ = run([("look", {"row": 1})], fail)
    assert (made.stopped, made.error, len(made.steps)) == ("failed", "ChatError: too long", 1)
    again = Agent(Script("A circle."), tools=[look]).go_on(made)
    assert (again.text, again.error, again.turns) == ("A circle.", None, 2)


def interrupt(*_):
    raise KeyboardInterrupt


def test_an_interrupt_while_the_model_is_asked_keeps_what_was_done():
    """Ctrl-C gives the conversation."""
    made, _ = run([("look", {"row": 1})], interrupt)
    assert (made.stopped, statuses(made)) == ("interrupted", ["done"])
    made, _ = run(lambda messages: (_ for _ in ()).throw(Cancelled("stopped")))
    assert made.stopped == "interrupted"


def test_an_interrupt_while_calls_are_made_answers_all_of_them(monkeypatch):
    """Those that are done keep their results, the others were stopped by the user."""
    from vlmkit.agent import calling

    waits = iter([None, KeyboardInterrupt])

    def wait(futures, timeout):
        if error := next(waits, None):
            raise error
        futures[0].exception(timeout)

    monkeypatch.setattr(calling, "wait", wait)

    @tool
    def slow(number: int) -> str:
        """Be slow."""
        time.sleep(0.05 if number == 1 else 2)
        return f"done {number}"

    made, _ = run([("slow", {"number": 1}), ("slow", {"number": 2}), ("look", {"row": 1})], tools=[slow, look])
    assert made.stopped == "interrupted"
    assert statuses(made) == ["done", "cancelled", "cancelled"]
    assert made.steps[1].text == "Error: Stopped by the user before there was a result."


def test_a_second_interrupt_ends_the_program(monkeypatch):
    """Whoever presses Ctrl-C again wants out, whatever is still to be told."""
    from vlmkit.agent import calling

    monkeypatch.setattr(calling, "wait", lambda futures, timeout: interrupt())

    @tool
    def slow() -> str:
        """Be slow."""
        time.sleep(0.5)
        return "late"

    def listen(event):
        if hasattr(event, "step"):
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        run([("slow",)], tools=[slow], on_event=listen)


def test_a_conversation_is_stopped_from_another_thread():
    """By an event; a tool at work is given up."""
    stop, begun = threading.Event(), threading.Event()

    @tool
    def work() -> str:
        """Work."""
        begun.set()
        time.sleep(20)
        return "late"

    def press():
        begun.wait(10)
        stop.set()

    thread = threading.Thread(target=press)
    thread.start()
    made, _ = run([("work",), ("look", {"row": 1})], tools=[work, look], stop=stop)
    thread.join()
    assert (made.stopped, statuses(made)) == ("interrupted", ["cancelled", "cancelled"])


def test_events_tell_what_happens():
    """In order, each once."""
    heard = []
    made, _ = run([("look", {"row": 1}), ("nope",)], "Done.", on_event=heard.append)
    kinds = [type(event).__name__ for event in heard]
    assert kinds == ["TurnStarted", "CallStarted", "CallFinished", "CallFinished", "TurnStarted", "ConversationEnded"]
    assert [event.turn for event in heard if isinstance(event, TurnStarted)] == [1, 2]
    assert [event.step for event in heard if hasattr(event, "step")] == made.steps
    assert isinstance(heard[-1], ConversationEnded)
    assert heard[-1].conversation is made


def test_progress_of_a_tool_is_told():
    """As far as the tool tells it."""
    from vlmkit.agent.calls import call_in_progress

    heard = []

    @tool
    def work() -> str:
        """Work."""
        call_in_progress().report(1, 2, "row 7")
        return "done"

    run([("work",)], "Done.", tools=[work], on_event=heard.append)
    told = [event for event in heard if hasattr(event, "total")]
    assert [(event.tool, event.done, event.total, event.what) for event in told] == [("work", 1, 2, "row 7")]


REPLIES = st.one_of(
    st.sampled_from(["", "A circle.", {"content": None}, {"content": ""}]),
    st.lists(
        st.tuples(
            st.sampled_from(["look", "write", "broken", "paint", "nope", "", "tool::look"]),
            st.sampled_from([{"row": 1}, {"row": 2}, {}, {"text": "x"}, "{", "[]", "", {"count": 2}, {"row": "x"}]),
            st.sampled_from(["", "call_1", "call_2", "x" * 99]),
        ),
        max_size=6,
    ),
)


@given(
    replies=st.lists(REPLIES, max_size=12),
    max_turns=st.integers(1, 5),
    max_tool_calls=st.none() | st.integers(1, 4),
    allowed=st.none() | st.sets(st.sampled_from(["look", "write", "broken"])),
    approved=st.sampled_from([None, lambda call: True, lambda call: "no", interrupt]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_a_model_replies_the_conversation_stays_legal(replies, max_turns, max_tool_calls, allowed, approved):
    """Each call has exactly one answer, limits hold, and nothing runs that was not allowed."""
    heard = []
    made, model = run(
        *replies,
        interrupt,
        max_turns=max_turns,
        max_tool_calls=max_tool_calls,
        allowed_tools=allowed,
        approve=approved,
        on_event=heard.append,
    )
    assert made.stopped is not None
    assert made.turns <= max_turns
    assert sum(step.status in {"done", "failed"} for step in made.steps) <= (max_tool_calls or 99)
    ran = {step.tool for step in made.tool_calls_executed}
    assert ran <= (allowed if allowed is not None else {"look", "broken", "paint", "write"})
    assert approved is not None or allowed is not None or "write" not in ran
    assert [event.step for event in heard if hasattr(event, "step")] == made.steps
    for messages, _, _ in model.asked:
        assert_legal(messages)
