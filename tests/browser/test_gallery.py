"""The review gallery in a real JupyterLab, on captions of the real model: keys, edits, a new kernel, themes."""

import re
from pathlib import Path

import pytest

SCENES = Path(__file__).parents[2] / "datasets" / "scenes"
MAKE = f"""
import vlmkit as vk
df = vk.caption({str(SCENES)!r}, model="tiny", limit=24, progress=False)
"""
REVIEW = "review = df.vlm.review('caption'); review"


def card(page, place):
    return page.locator(f".vlm-card[data-place='{place}']")


def wait_for_pictures(page, most=4):
    page.wait_for_function(
        """most => {
            const pictures = [...document.querySelectorAll('.vlm-card img')];
            return pictures.length >= most && pictures.every(picture => picture.naturalWidth > 0);
        }""",
        arg=most,
    )


@pytest.mark.core_model
def test_captions_are_reviewed_by_keys_and_stay_reviewed(lab, page, screenshot):
    """Accept, edit, reject, flag and undo with single keys; after a kernel restart all of it is still there."""
    notebook = lab([MAKE, REVIEW, "print(review.frame['caption_status'].tolist()[:6], review.value(1))"])
    assert notebook.run_all()
    wait_for_pictures(page)
    cells = notebook.cells()
    card(page, 0).click()
    page.keyboard.press("a")
    page.keyboard.press("e")
    box = page.get_by_role("textbox", name=re.compile("caption of .*scene"))
    box.fill("a blue dot; that's all")
    box.press("Enter")
    card(page, 1).get_by_text("a blue dot; that's all").wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("r")
    page.keyboard.press("f")
    page.keyboard.press("f")
    page.keyboard.press("u")
    page.get_by_role("status").filter(has_text=re.compile("1 accepted.*1 edited.*1 rejected.*1 flagged")).wait_for()
    assert card(page, 4).evaluate("card => card === document.activeElement")
    assert notebook.cells() == cells, "a key went to the notebook"
    notebook.run_cell(2)
    said = "['accepted', 'edited', 'rejected', 'flagged', 'auto', 'auto'] a blue dot; that's all"
    assert said in notebook.text(2)
    screenshot("review", notebook.output(1))

    notebook.restart_kernel()
    assert notebook.run_all()
    assert said in notebook.text(2)
    card(page, 1).get_by_text("a blue dot; that's all").wait_for()
    card(page, 1).get_by_text("edited", exact=True).wait_for()
