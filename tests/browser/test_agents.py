"""An agent as somebody at a notebook has it: steps come, a call is approved, another declined, Stop ends it."""

TALK = (
    "import json, time\n"
    "from vlmkit.agent import Agent, tool\n"
    "evil = '<img src=x onerror=\"window.ran = 1\"><script>window.ran = 1</script>'\n"
    "tags = []\n"
    "@tool(read_only=False)\n"
    "def tag(row: int, word: str) -> str:\n"
    "    'Add a tag to a row.'\n"
    "    tags.append((row, word))\n"
    "    return evil\n"
    "@tool(read_only=True)\n"
    "def wait(seconds: float) -> str:\n"
    "    'Wait.'\n"
    "    time.sleep(seconds)\n"
    "    return 'waited'\n"
    "def call(name, **arguments):\n"
    "    function = {'name': name, 'arguments': json.dumps(arguments)}\n"
    "    return {'role': 'assistant', 'content': None, 'tool_calls': [{'function': function}]}\n"
    "def planner(*calls):\n"
    "    left = list(calls)\n"
    "    return lambda messages, tools, choice: left.pop(0) if left else {'role': 'assistant', 'content': evil}\n"
    "def agent(*calls):\n"
    "    return Agent(planner(*calls), tools=[tag, wait])\n"
)


def test_calls_are_approved_and_declined_by_buttons(lab, page, screenshot):
    """In a run that the notebook goes on beside; what was done stays, and nothing anybody said is markup."""
    notebook = lab(
        [
            TALK
            + "two = agent(call('tag', row=1, word=evil), call('tag', row=2, word='b'))\n"
            + "run = two.start('Tag them', approve=True)",
            "print('free:', 6 * 7)",
            "conversation = await run\nprint(len(tags), [step.status for step in conversation.steps])",
            "conversation",
        ]
    )
    assert notebook.run_cell(0)
    panel = notebook.output(0)
    panel.get_by_text("May it call tag?").wait_for()
    assert notebook.run_cell(1)
    assert "free: 42" in notebook.text(1)
    screenshot("agent_asks", panel)
    panel.get_by_role("button", name="Approve").click()
    panel.get_by_text('"row": 2').wait_for()
    assert "tag(row=1" in panel.inner_text()
    panel.get_by_role("button", name="Decline").click()
    assert notebook.run_cell(2)
    assert "1 ['done', 'declined']" in notebook.text(2)
    panel.get_by_text("2 steps: tag × 2 · 1 declined").wait_for()
    assert panel.get_by_role("button").count() == 0
    assert notebook.run_cell(3)
    folded = notebook.output(3).get_by_text("2 steps: tag × 2 · 1 declined")
    folded.click()
    notebook.output(3).get_by_text("tag(row=2").wait_for()
    screenshot("agent_conversation", notebook.output(3))
    assert page.evaluate("() => window.ran") is None


def test_buttons_work_in_a_cell_that_awaits(lab):
    """The cell is busy as far as anybody sees; Approve and Stop are served all the same."""
    notebook = lab(
        [
            TALK,
            (
                "run = agent(call('tag', row=1, word='a'), *[call('wait', seconds=n / 1000) for n in range(9000)])\n"
                "conversation = await run.start('Tag it, then wait', approve=True, max_turns=9000)\n"
                "print(tags, conversation.stopped, len(conversation.steps) > 2)"
            ),
        ]
    )
    assert notebook.run_cell(0)
    notebook.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1 }")
    notebook.page.evaluate("() => { window.ended = window.jupyterapp.commands.execute('notebook:run-cell') }")
    panel = notebook.output(1)
    panel.get_by_role("button", name="Approve").click()
    panel.get_by_text("wait(seconds=0.01) · done").wait_for()
    panel.get_by_role("button", name="Stop").click()
    assert notebook.page.evaluate("async () => await window.ended")
    assert "[(1, 'a')] interrupted True" in notebook.text(1)


def test_a_busy_cell_asks_by_a_line(lab, page):
    """The kernel cannot serve a button then, but every notebook has a line of input."""
    notebook = lab(
        [TALK, "print(agent(call('tag', row=1, word='a')).run('Tag it', approve=True).steps[0].status, tags)"]
    )
    assert notebook.run_cell(0)
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1 }")
    page.evaluate("() => { window.ended = window.jupyterapp.commands.execute('notebook:run-cell') }")
    notebook.output(1).get_by_text("interrupt the kernel").wait_for()
    line = notebook.output(1).locator("input.jp-Stdin-input")
    line.fill("y")
    line.press("Enter")
    assert page.evaluate("async () => await window.ended")
    assert "done [(1, 'a')]" in notebook.text(1)


def test_a_saved_notebook_keeps_what_was_shown(lab):
    """Tomorrow there is no kernel that knows a widget; the conversation stands in the file as HTML."""
    notebook = lab([TALK + "run = agent(call('wait', seconds=0)).start('Wait')", "(await run).stopped"])
    assert notebook.run_all()
    notebook.output(0).get_by_text("1 step: wait").wait_for()
    saved = [output for output in notebook.save().cells[0].outputs if "data" in output]
    assert any("<summary>1 step: wait</summary>" in output.data.get("text/html", "") for output in saved)
    assert not any("application/vnd.jupyter.widget-view+json" in output.data for output in saved)
