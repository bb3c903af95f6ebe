"""The comparison in a real JupyterLab: votes by keys, blinded, kept through a new kernel."""

import re
from pathlib import Path

import pytest

SCENES = Path(__file__).parents[2] / "datasets" / "scenes"
MAKE = f"""
import vlmkit as vk
df = vk.caption({str(SCENES)!r}, model="tiny", limit=6, progress=False)
df = vk.describe(df, model="tiny", into="long", progress=False)
"""
COMPARE = "compared = vk.compare_view(df, ['caption', 'long']); compared"
TELL = "print([compared.choice(row) for row in compared.rows], [compared.blinded(row)[0] for row in compared.rows])"


@pytest.mark.core_model
def test_votes_by_keys_count_and_stay(lab, page, screenshot):
    """First, second, no difference, undo; the standings are hidden until asked for; a new kernel knows the votes."""
    notebook = lab([MAKE, COMPARE, TELL])
    assert notebook.run_all()
    cells = notebook.cells()
    status = page.get_by_role("status")
    page.wait_for_function("() => document.querySelector('.vlm-stage img')?.naturalWidth > 0")
    assert page.locator(".vlm-option mark").count() > 0
    assert "long" not in page.locator(".vlm-stage").inner_text(), "the answers are not named"
    page.locator(".vlm-stage").focus()
    for place, key in enumerate("1202"):
        status.filter(has_text=re.compile(rf"^{place + 1} of 6 · {place} votes")).wait_for()
        page.keyboard.press(key)
    status.filter(has_text=re.compile(r"^5 of 6 · 4 votes")).wait_for()
    page.keyboard.press("u")
    status.filter(has_text=re.compile(r"^4 of 6 · 3 votes$")).wait_for()
    page.get_by_role("button", name="On (→)").click()
    page.get_by_role("button", name="A is best").click()
    status.filter(has_text=re.compile(r"^6 of 6 · 4 votes$")).wait_for()
    table = page.locator(".vlm-standings")
    assert not table.is_visible()
    page.get_by_text("Standings").click()
    table.get_by_text(re.compile(r"^\d+ % to \d+ %$")).first.wait_for()
    assert notebook.cells() == cells, "a key went to the notebook"
    screenshot("comparison", notebook.output(1))
    notebook.run_cell(2)
    voted, firsts = (re.findall(r"'(\w+)'|(None)", part) for part in notebook.text(2).strip().split("] ["))
    voted, firsts = ([name or none for name, none in part] for part in (voted, firsts))
    assert voted[0] == firsts[0]
    assert voted[1] not in {firsts[1], "tie"}
    assert voted[2:] == ["tie", "None", firsts[4], "None"]

    notebook.restart_kernel()
    assert notebook.run_all()
    assert re.findall(r"'(\w+)'|(None)", notebook.text(2).split("] [")[0]) == [
        (name, "") if name != "None" else ("", "None") for name in voted
    ]
    status.filter(has_text=re.compile(r"^4 of 6 · 4 votes$")).wait_for()
