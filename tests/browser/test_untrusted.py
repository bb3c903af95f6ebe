"""Hostile text in every cell, name and error, in every face and table: it is shown, and nothing of it runs."""

import re

import pytest

# Each would set a mark, were it ever taken for markup.
HOSTILE = """
import pathlib
import pandas as pd
import vlmkit as vk
hostile = [
    "<script>window.ran = 'script'</script>",
    "<img src=x onerror=\\"window.ran='img'\\">",
    "\\"><svg onload=window.ran='svg'>",
    "' onfocus='window.ran=1' autofocus='",
    "<a href=\\"javascript:window.ran='link'\\">press</a> [press](javascript:window.ran='markdown')",
    "</textarea></script></td></table><iframe srcdoc=\\"<script>parent.ran='frame'</script>\\"></iframe>",
    "${window.ran='template'} {{constructor.constructor('window.ran=1')()}}",
    "$$\\\\href{javascript:window.ran=1}{press}$$ invoice\\u202efdp.exe \\ud83d",
]
from PIL import Image
folder = pathlib.Path("evil")
folder.mkdir(exist_ok=True)
paths = []
for n, text in enumerate(hostile):
    path = folder / f"{n} <img src=x onerror=window.ran='name'>.png".replace("/", "")
    if n == 3:
        path.write_bytes(b"no picture")
    else:
        Image.new("RGB", (60, 40), (30 * n, 80, 120)).save(path)
    paths.append(str(path))
df = pd.DataFrame({
    "path": paths,
    "caption": pd.Series(hostile, dtype=object),
    "other": pd.Series(hostile[::-1], dtype=object),
    "tags": [[text, "plain"] for text in hostile],
    "mood": pd.Categorical(hostile[:7] + [None]),
    "caption_error": [None] * 7 + ["Refused: " + hostile[1]],
    hostile[1]: range(8),
})
"""
RUNNING = "script, iframe, svg, a[href], [onerror], [onload], [onfocus]"


@pytest.fixture
def nothing_ran(page):
    """After the test no script of the table has run: no mark, no dialog."""
    dialogs = []

    def note(dialog):
        if dialog.type == "beforeunload":  # JupyterLab's own, when a changed notebook is left
            dialog.accept()
        else:
            dialogs.append(dialog.message)
            dialog.dismiss()

    page.on("dialog", note)
    yield
    page.remove_listener("dialog", note)
    assert page.evaluate("() => window.ran") is None
    assert dialogs == []


def test_nothing_of_a_table_runs(lab, page, nothing_ran, screenshot):
    """Gallery with typed fields, an edit, a larger picture, comparison and table; links and handlers are no such."""
    cells = [HOSTILE, "df.vlm.review('caption', 'tags', 'mood', store=False)"]
    cells += ["vk.compare_view(df, ['caption', 'other'], store=False)", "df.vlm.show()"]
    cells += ["from IPython.display import HTML; HTML('$$x^2$$')"]
    notebook = lab(cells)
    assert notebook.run_all()
    gallery, comparison, table = (notebook.output(n) for n in (1, 2, 3))
    page.wait_for_function("() => document.querySelectorAll('.vlm-card img').length >= 3")
    first = gallery.locator(".vlm-card").first
    first.get_by_text("<script>window.ran = 'script'</script>", exact=True).first.wait_for()
    first.click()
    page.keyboard.press("e")
    box = gallery.locator("textarea")
    box.fill("<img src=x onerror=window.ran='edit'>")
    box.press("Enter")
    first.get_by_text("<img src=x onerror=window.ran='edit'>", exact=True).wait_for()
    page.keyboard.press("z")
    page.wait_for_function("() => document.querySelector('dialog img')?.naturalWidth > 0")
    page.keyboard.press("Escape")
    gallery.get_by_label("Filter").fill("invoice")
    gallery.get_by_role("status").filter(has_text=re.compile("1 of 8 pictures")).wait_for()
    gallery.locator(".vlm-text").get_by_text(re.compile("invoice⟨U\\+202E⟩fdp.exe ⟨U\\+D83D⟩")).first.wait_for()
    gallery.get_by_label("Filter").fill("")
    comparison.locator(".vlm-option").first.wait_for()
    page.locator(".vlm-stage").focus()
    page.keyboard.press("1")
    comparison.get_by_role("status").filter(has_text="1 votes").wait_for()
    table.get_by_text("Refused: <img src=x onerror=").wait_for()
    notebook.output(4).locator("mjx-container").first.wait_for()  # by now a formula would have been typeset
    table.get_by_text("$$\\href{javascript:window.ran=1}{press}$$").first.wait_for()
    for face in (gallery, comparison, table):
        assert face.locator(":is(.vlm-face, .vlm-table) :is(" + RUNNING + ")").count() == 0
    screenshot("untrusted", table)


def test_nothing_of_a_saved_notebook_runs(lab, page, nothing_ran):
    """What is saved is small, has no widget state, and shows its pictures without a kernel, again as text only."""
    notebook = lab([HOSTILE, "df.vlm.review('caption', 'tags', store=False)"])
    assert notebook.run_all()
    page.wait_for_function("() => document.querySelectorAll('.vlm-card img').length >= 3")
    saved = notebook.save()
    assert "widgets" not in saved.metadata
    html = "".join(saved.cells[1].outputs[0]["data"]["text/html"])
    assert len(html) < 60_000
    page.goto("about:blank")
    page.set_content(html)
    page.wait_for_function("() => document.querySelectorAll('img').length === 7")
    assert page.locator(RUNNING).count() == 0
    page.get_by_text("<script>window.ran = 'script'</script>", exact=True).wait_for()
