"""What is known of a checkpoint before it is downloaded, as people read it."""

from vlmkit.backends.compatibility import Compatibility

FOUND = Compatibility(
    name="org/<model>",
    family="qwen2_vl",
    layout="v5",
    verdict="wrong",
    why="tiles",
    settings=("one",),
    quantization="mlx affine, 4-bit",
    images_per_ask=8,
    serving="batched",
    longest_side_px=4389,
    context_length=32768,
    parameters=2_000_000,
    stored_bytes=2**30,
    float32_bytes=2**32,
    free_bytes=2**31,
    needs_code=True,
)


def test_facts_are_said_in_words():
    """A line each; a wrong family is shouted."""
    assert FOUND.facts == {
        "answers": "WRONG: tiles",
        "family": "qwen2_vl, layout v5",
        "settings": "one",
        "weights": "mlx affine, 4-bit, 2,000,000 parameters",
        "memory": "4.0 GiB at single precision, 1.0 GiB as stored, 2.0 GiB free",
        "pictures": "8 per question, batched, longest side 4,389 px",
        "context": "32,768 tokens",
        "code": "writes its own code: needs allow_code",
        "here": "not downloaded",
    }
    assert repr(FOUND).splitlines()[:2] == ["org/<model>", "  answers   WRONG: tiles"]


def test_a_notebook_shows_a_table():
    """Names are text, not markup."""
    html = FOUND._repr_html_()
    assert "<caption>org/&lt;model&gt;</caption>" in html
    assert html.count("<tr>") == len(FOUND.facts)


def test_what_is_not_known_is_left_out():
    """Nothing is made up."""
    assert Compatibility(name="x", verdict="fails", why="broken", obstacle="broken").facts == {
        "answers": "fails",
        "obstacle": "broken",
        "family": "unknown",
        "here": "not downloaded",
    }
