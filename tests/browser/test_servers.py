"""A server as a teacher at a notebook has it: its state moves, how to reach it unfolds, Stop is pressed."""

CELLS = [
    "import vlmkit as vk, httpx; server = vk.serve({'tiny': 'tiny', '<b>two</b>': 'fake:echo'}); server",
    (
        "def ask(model):\n"
        "    body = {'model': model, 'messages': [{'role': 'user', 'content': 'Describe this image.'}]}\n"
        "    return httpx.post(f'{server.url}/chat/completions', json=body, timeout=60).status_code\n"
        "print([ask(model) for model in ('tiny', '<b>two</b>')])"
    ),
    "print(server.is_running)",
]


def test_a_server_is_watched_and_stopped(lab, screenshot):
    """The panel stays beside the cells that ask; names are shown as text."""
    notebook = lab(CELLS)
    assert notebook.run_cell(0)
    panel = notebook.output(0)
    tiny, two = panel.get_by_role("row").filter(has_text="tiny"), panel.get_by_role("row").filter(has_text="<b>two</b>")
    tiny.get_by_text("loaded", exact=True).wait_for()
    two.get_by_text("unloaded", exact=True).wait_for()

    assert notebook.run_cell(1)
    assert "[200, 200]" in notebook.text(1)
    tiny.get_by_text("unloaded", exact=True).wait_for()
    two.get_by_text("loaded", exact=True).wait_for()
    panel.get_by_text("tokens per second").wait_for()
    panel.get_by_text("How clients reach it").click()
    panel.get_by_text("from openai import OpenAI").wait_for()
    screenshot("server", panel)

    panel.get_by_role("button", name="Stop").click()
    panel.get_by_text("was stopped").wait_for()
    assert panel.get_by_role("button", name="Stop").count() == 0
    assert panel.get_by_role("row").count() == 0
    assert notebook.run_cell(2)
    assert "False" in notebook.text(2)
