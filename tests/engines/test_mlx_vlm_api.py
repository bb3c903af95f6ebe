"""The only door to mlx_vlm, and what is asked of it."""

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

import vlmkit
from tests.families.drawing import picture
from vlmkit.engines.desk import desk
from vlmkit.errors import Refused
from vlmkit.records import Message, one_question


@pytest.fixture
def mlx_vlm_api(engine):
    """The module, imported where MLX may be."""
    return desk().call(lambda: __import__("vlmkit.engines.mlx_vlm_api", fromlist=["mlx_vlm_api"]))


def test_everything_of_mlx_vlm_comes_through_one_file():
    """Of the engine; the bundled model's training builds on the same classes and says so itself."""
    importers = set()
    folder = Path(vlmkit.__file__).parent / "engines"
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            if any(name.partition(".")[0] == "mlx_vlm" for name in names):
                importers.add(file.name)
    assert importers == {"mlx_vlm_api.py"}


@pytest.mark.parametrize(
    ("model_type", "known", "sees"),
    [
        ("smolvlm", True, True),
        ("qwen3_vl", True, True),
        ("Gemma3", True, True),
        ("llama", True, False),
        ("nope", False, None),
        ("smolvlm.language", False, None),
        ("..utils", False, None),
    ],
)
def test_families_are_known_and_known_to_see(mlx_vlm_api, model_type, known, sees):
    """A text model is known and sees nothing; case does not matter."""
    config = {"model_type": model_type}
    assert desk().call(lambda: mlx_vlm_api.knows(config)) is known
    if known:
        assert desk().call(lambda: mlx_vlm_api.sees(config)) is sees


def test_only_a_family_without_a_template_gets_mlx_vlm_s(mlx_vlm_api, engine):
    """A checkpoint's own comes before that of mlx_vlm's processor; a family of single questions has none."""
    question = one_question("What?")
    processor = SimpleNamespace(chat_template="theirs{{ messages[0].content[0].text }}", tokenizer=SimpleNamespace())

    def text(family, own):
        template = desk().call(lambda: mlx_vlm_api.chat_template(family, processor, own))
        return template and desk().call(lambda: template.text(question))

    assert text("internvl_chat", "own{{ messages[0].content[0].text }}") == "ownWhat?"
    assert text("internvl_chat", None) == "theirsWhat?"
    assert text("paligemma", "own{{ messages[0].content }}") is None


@pytest.mark.parametrize(
    ("family", "token", "expected"),
    [
        ("phi3_v", None, "<|image_1|><|image_2|>|<|image_3|>"),
        ("fastvlm", "<img>", "<img>\n<img>\n|<img>\n"),
        ("internvl_chat", None, "<image>\n<image>\n|<image>\n"),
        ("deepseek_vl_v2", "<img>", "<image>\n<image>\n|<image>\n"),
        ("molmo", "<img>", "|"),
    ],
)
def test_a_template_of_plain_text_gets_the_family_s_marks(mlx_vlm_api, family, token, expected):
    """Numbered on, where the family numbers them; none where its processor writes them itself."""
    own = "{% for m in messages %}{{ m.content + '' }}{% endfor %}"
    processor = SimpleNamespace(image_token=token, tokenizer=SimpleNamespace())
    shown = picture(0)
    said = (Message.user("", [shown] * 2), Message.assistant("|"), Message.user("", [shown]))
    assert desk().call(lambda: mlx_vlm_api.chat_template(family, processor, own).text(said)) == expected


def test_a_family_of_single_questions_takes_no_turns(mlx_vlm_api):
    """What was said before is not dropped in silence."""
    model = SimpleNamespace(config=SimpleNamespace(model_type="paligemma"))
    said = (Message.user("a"), Message.assistant("x"), Message.user("b", [picture(0)]))
    with pytest.raises(Refused, match="nothing said before"):
        desk().call(lambda: mlx_vlm_api.plain_prompt(model, None, said))
    asked = one_question("b", [picture(0)], system="Be brief.")
    assert desk().call(lambda: mlx_vlm_api.plain_prompt(model, None, asked)) == "<image>Be brief.\n\nb"


def test_a_begin_mark_that_a_processor_writes_itself_is_cut(mlx_vlm_api, engine):
    """From all that goes by tokens, and from nothing that goes by patches."""
    tokenizer = engine._language.tokenizer

    class Writer:
        """Puts a begin mark before whatever it is given."""

        def __init__(self):
            self.tokenizer = tokenizer

        def __call__(self, text, images, padding, return_tensors):
            import mlx.core as mx

            ids = [tokenizer.bos_token_id, *tokenizer(text)["input_ids"]]
            return {
                "input_ids": mx.array([ids]),
                "cross_attention_mask": mx.arange(len(ids) * 6).reshape(1, len(ids), 2, 3),
                "pixel_values": mx.zeros((1, len(ids), 3)),
                "image_sizes": mx.array([[30, 40]]),
            }

    def made(text):
        model, image = SimpleNamespace(config=SimpleNamespace()), Image.new("RGB", (30, 40))
        inputs = mlx_vlm_api.model_inputs(model, Writer(), text, [image])
        return {name: value.tolist() for name, value in inputs.items() if value is not None}

    begin, number = tokenizer.bos_token, tokenizer.bos_token_id
    cut = desk().call(lambda: made(f"{begin}ab"))
    assert cut["input_ids"][0] == [number, *tokenizer("ab")["input_ids"]]
    assert [row[0][0] for row in cut["cross_attention_mask"][0]] == [6, 12, 18]
    assert (len(cut["pixel_values"][0]), cut["image_sizes"]) == (4, [[30, 40]])
    # Nobody but the text itself writes two, and none is cut from it.
    assert desk().call(lambda: made(f"{begin}{begin}ab"))["input_ids"][0][:3] == [number] * 3
    assert desk().call(lambda: made("ab"))["input_ids"][0] == [number, *tokenizer("ab")["input_ids"]]


def test_weights_are_counted_and_weighed(mlx_vlm_api, engine):
    """Four bytes each in single precision, packed or not on disk."""
    model = engine._language.model
    parameters = desk().call(lambda: mlx_vlm_api.parameter_count(model))
    assert desk().call(lambda: mlx_vlm_api.weight_bytes(model)) == 4 * parameters
    assert parameters == engine.info.parameters


def test_the_version_names_both_libraries(mlx_vlm_api):
    """What a remembered verdict depends on."""
    assert "on mlx" in mlx_vlm_api.VERSION


@pytest.mark.parametrize(
    ("model_type", "single"), [("mllama", True), ("granite4_vision", True), ("smolvlm", False), ("qwen2_vl", False)]
)
def test_families_of_one_picture_are_known(mlx_vlm_api, model_type, single):
    """Those that mlx_vlm refuses more, and those of which it reads the first alone."""
    assert desk().call(lambda: mlx_vlm_api.single_image_only(model_type)) is single
