"""A run as somebody at a notebook has it: a model is picked, the counts move, Stop is pressed, the table is there."""

import re

CELLS = [
    (
        "import vlmkit as vk; import pandas as pd; from vlmkit.tiny import scenes\n"
        "table = pd.DataFrame({'image': [scenes.make(n).draw() for n in range(2000)]})\n"
        "picker = vk.pick_model(); picker"
    ),
    "run = vk.describe(table, model=picker, background=True)",
    "print('free:', 6 * 7)",
    "frame = run.wait(60); print(run.state, 0 < frame['description'].notna().sum() < len(frame))",
    "vk.caption(table.head(3), progress=True)['caption'].isna().sum()",
]


def count(output):
    """How many rows the panel says are done."""
    return int(re.search(r"(\d+) of 2000", output.inner_text())[1])


def test_a_model_is_picked_and_a_run_is_watched_and_stopped(lab, page, screenshot):
    """The notebook stays usable meanwhile; what is done stays."""
    notebook = lab(CELLS)
    assert notebook.run_cell(0)
    picker = notebook.output(0)
    picker.get_by_label("Filter").fill("tiny")
    models = picker.locator("select")
    assert "tiny" in models.inner_text()
    models.focus()
    page.keyboard.press("ArrowDown")
    picker.get_by_role("button", name="Try it").click()
    picker.get_by_text(re.compile(r"^A .* background\.$")).wait_for()
    picker.get_by_role("button", name="Use this model").click()
    picker.get_by_text("In use now: tiny").wait_for()
    screenshot("picker", picker)

    assert notebook.run_cell(1)
    panel = notebook.output(1)
    panel.get_by_text(re.compile(r"[1-9]\d* of 2000")).wait_for()
    first = count(panel)
    page.wait_for_function("first => +/(\\d+) of 2000/.exec(document.body.innerText)[1] > first", arg=first)
    assert notebook.run_cell(2)
    assert "free: 42" in notebook.text(2)
    panel.get_by_text(re.compile("background with")).wait_for()
    screenshot("progress", panel)

    panel.get_by_role("button", name="Stop").click()
    panel.get_by_text("not asked").wait_for()
    assert notebook.run_cell(3)
    assert "stopped True" in notebook.text(3)
    assert notebook.run_cell(4)
    assert "3 of 3" in notebook.text(4)
    assert panel.get_by_role("button", name="Stop").count() == 0


def test_nothing_a_model_or_a_server_says_runs_in_the_panel(lab, page):
    """Markup, handlers and links in answers, faults and names are shown as text."""
    notebook = lab(
        [
            (
                "import pandas as pd; from PIL import Image; import vlmkit as vk\n"
                "from vlmkit.backends.fake import FakeBackend; from vlmkit.errors import ServerFault\n"
                "evil = '<img src=x onerror=\"window.ran = 1\"><script>window.ran = 1</script>'\n"
                "model = FakeBackend(replies=[evil, ServerFault(evil), '$\\\\href{javascript:window.ran=1}{x}$'])\n"
                "pictures = [Image.new('RGB', (20 + n, 20)) for n in range(3)]\n"
                "result = vk.caption(pd.DataFrame({'image': pictures}), model=model, store=False, progress=True)\n"
                "vk.explain(pictures[0], evil, model=FakeBackend(evil, replies=evil))"
            )
        ]
    )
    assert notebook.run_all()
    notebook.output(0).get_by_text("3 of 3").wait_for()
    assert notebook.text(0).count("onerror") >= 3
    assert page.evaluate("() => window.ran") is None
    assert notebook.output(0).locator("a[href^=javascript]").count() == 0
