"""LLaVA conversations."""

import json

from vlmkit.exporters import read_dataset, to_llava


def test_turns_alternate_with_one_sign_for_the_picture(captions, photos):
    """As LLaVA's documentation of custom data shows them."""
    captions.loc[0, "caption"] = "an <image> tag"
    to_llava(captions, photos / "set.json", prompt="What is it?")
    content = json.loads((photos / "set.json").read_text(encoding="utf-8"))
    assert content[0] == {
        "id": "a.jpg",
        "image": "a.jpg",
        "conversations": [
            {"from": "human", "value": "<image>\nWhat is it?"},
            {"from": "gpt", "value": "an (image) tag"},
        ],
    }
    back = read_dataset(photos / "set.json", column="answer")
    assert back["prompt"].tolist() == ["What is it?"] * 5
    assert back["answer"].tolist()[1:] == captions["caption"].tolist()[1:]
