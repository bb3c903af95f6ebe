"""Words of strangers: shown as they are, never run, gone when there are none."""

from vlmkit.views.markup import picture_element
from vlmkit.widgets.words import Words

EVIL = "<img src=x onerror=1><script>1</script>\n$x$ \u202egnp.exe"


def test_markup_is_text():
    """Escaped, with what is hidden made visible, in lines as they came."""
    said = Words()
    said.say(EVIL)
    assert said.text == EVIL
    assert "&lt;img src=x onerror=1&gt;&lt;script&gt;" in said.value
    assert "<img" not in said.value
    assert "⟨U+202E⟩" in said.value
    assert "\n$x$" in said.value


def test_nothing_takes_no_room():
    """Until there is something to say, and again after."""
    said = Words()
    assert (said.value, said.layout.display) == ("", "none")
    said.say("a")
    assert said.layout.display == ""
    said.say("")
    assert (said.value, said.layout.display) == ("", "none")


def test_a_picture_stands_before_its_text():
    """Only one that was made here."""
    said = Words()
    said.say("a star", picture_element(b"x", "image/png", label="<star>", width=3, height=4))
    assert said.value.index("<img src=") < said.value.index("a star")
    assert 'alt="&lt;star&gt;"' in said.value


def test_a_status_is_read_aloud():
    """To whoever cannot see it, where it is the answer to a button; captions that rush by are not."""
    said = {is_status: Words(is_status=is_status) for is_status in (True, False)}
    for words in said.values():
        words.say("x")
    assert 'role="status"' in said[True].value
    assert 'role="status"' not in said[False].value
