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


def wait_for_focus(page, place):
    page.wait_for_function("place => document.activeElement?.dataset.place === String(place)", arg=place)


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
    wait_for_focus(page, 4)
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


MANY = f"""
import pathlib
import pandas as pd
import vlmkit as vk
paths = sorted(map(str, pathlib.Path({str(SCENES)!r}).glob("scene-*")))
n = 10_000
df = pd.DataFrame({{
    "path": (paths * n)[:n],
    "caption": [f"caption number {{i}}" for i in range(n)],
    "count": pd.array([i % 7 for i in range(n)], dtype="Int64"),
    "mood": pd.Categorical(["calm", "wild"] * (n // 2)),
    "caption_error": [None] * (n - 1) + ["Refused: no"],
}})
"""


class Traffic:
    """Bytes that the page gets from the kernel."""

    def __init__(self, page):
        self.size_bytes = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, payload):
        self.size_bytes += len(payload)


def test_ten_thousand_pictures_open_scroll_and_are_filtered(lab, page, screenshot):
    """Only what is in view travels and exists; typed fields are edited as what they are."""
    traffic = Traffic(page)
    notebook = lab([MANY, "review = df.vlm.review('caption', 'count', 'mood', store=False); review", "review"])
    assert notebook.run_cell(0)
    before = traffic.size_bytes
    assert notebook.run_cell(1)
    wait_for_pictures(page, 2)
    assert traffic.size_bytes - before < 250_000
    cards = page.locator(".vlm-card")
    assert cards.count() < 40

    card(page, 0).click()
    page.keyboard.press("End")
    card(page, 9999).get_by_text("caption number 9999", exact=True).wait_for()
    page.wait_for_function("() => document.querySelector('.vlm-card[data-place=\"9999\"] img')?.naturalWidth > 0")
    wait_for_focus(page, 9999)
    assert cards.count() < 40
    assert traffic.size_bytes - before < 400_000

    page.get_by_label("Errors").select_option("with errors")
    page.get_by_role("status").filter(has_text="1 of 10000 pictures").wait_for()
    page.get_by_label("Errors").select_option("any")
    page.get_by_role("searchbox", name="Filter").fill("number 77")
    page.get_by_role("status").filter(has_text="111 of 10000 pictures").wait_for()
    card(page, 0).get_by_text("caption number 77", exact=True).wait_for()
    page.keyboard.press("Enter")
    page.keyboard.press("2")
    page.keyboard.press("e")
    number = page.get_by_role("textbox", name="count of")
    number.fill("many")
    number.press("Enter")
    page.get_by_role("status").filter(has_text="'count' takes a whole number, such as 3; 'many' is none").wait_for()
    number.fill("70")
    number.press("Enter")
    card(page, 0).get_by_text("70", exact=True).wait_for()
    page.keyboard.press("3")
    page.keyboard.press("e")
    page.get_by_role("combobox", name="mood of").select_option("calm")
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="2 edited").wait_for()
    page.keyboard.press("Shift+A")
    page.get_by_role("status").filter(has_text="1 accepted · 2 edited").wait_for()
    screenshot("review_typed", notebook.output(1))

    assert notebook.run_cell(2)
    for output in (notebook.output(1), notebook.output(2)):
        output.get_by_role("searchbox", name="Filter").fill("")
        output.locator(".vlm-card[data-place='0'] img").wait_for()


CONTRAST = """() => {
    const luminance = ([red, green, blue]) => [red, green, blue]
        .map(part => part / 255)
        .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
    const parts = color => color.match(/[\\d.]+/g).map(Number);
    const paper = element => {
        for (let at = element; at; at = at.parentElement) {
            const [red, green, blue, alpha = 1] = parts(getComputedStyle(at).backgroundColor);
            if (alpha === 1) return [red, green, blue];
        }
        return [255, 255, 255];
    };
    const low = [];
    let seen = 0;
    for (const element of document.querySelectorAll('.vlm-face *')) {
        const text = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join('');
        if (!text || !element.checkVisibility() || element.tagName === 'OPTION') continue;
        seen += 1;
        const [ink, ground] = [parts(getComputedStyle(element).color), paper(element)].map(luminance);
        const ratio = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        if (ratio < 4.5) low.push(`${element.className || element.tagName} ${text.slice(0, 20)}: ${ratio.toFixed(2)}`);
    }
    return [low, seen];
}"""
UNNAMED = """() => [...document.querySelectorAll('.vlm-face :is(input, select, textarea, button, img)')]
    .filter(element => !element.closest('label')?.textContent.trim() && !element.getAttribute('aria-label')
        && !element.textContent.trim() && !element.alt)
    .map(element => element.outerHTML)"""
WHERE = "() => document.activeElement.closest('label')?.innerText.split('\\n')[0] ?? document.activeElement.innerText"


def test_everything_can_be_read_named_and_reached(lab, page, screenshot):
    """Text stands out in both themes; controls have names; Tab goes the way one reads."""
    make = "df = df.assign(other='another ' + df['caption']).head(50)\nreview = df.vlm.review('caption', store=False)"
    say = "review.accept(0); review.edit(1, 'x'); review.reject(2); review.flag(3); review"
    compare = "vk.compare_view(df, ['caption', 'other'], store=False)"
    notebook = lab([MANY + make, say, compare])
    assert notebook.run_all()
    wait_for_pictures(page, 4)
    page.locator(".vlm-option mark").first.wait_for()
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        notebook.use_theme(theme)
        page.wait_for_function(f"() => ({CONTRAST})()[1] > 60")  # a new theme lays the page out anew
        low, _ = page.evaluate(CONTRAST)
        assert low == []
        screenshot(f"review_{theme.split()[1].lower()}", notebook.output(1))
    assert page.evaluate(UNNAMED) == []

    page.get_by_role("searchbox", name="Filter").focus()
    order = []
    for _ in range(9):
        order.append(page.evaluate(WHERE).strip())
        page.keyboard.press("Tab")
    assert order[:4] == ["Filter", "Status", "Errors", "Tag"]
    assert order[4] == "Order"
    assert "scene-001" in order[5]
    assert order[6:] == ["accept", "edit", "reject"]
