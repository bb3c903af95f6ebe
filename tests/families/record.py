"""Records what transformers makes of every question of every family; the only file here that needs torch.

    python3 -m venv recording
    recording/bin/pip install torch torchvision --index-url https://download.pytorch.org/whl/cpu
    recording/bin/pip install transformers==5.24.0 num2words
    recording/bin/python -m tests.families.record              # all families, or those named

Each family's model is made by transformers from its recipe and saved; weights, which follow from names and shapes, are
put in its place, and the checkpoint is read again from disk as anybody would. Pictures go through transformers' PIL
processors, as these are what there is without torch. The original layout is read, too, and must give the same.
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors import safe_open
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from tests.families import asks, catalog, checkpoint, recording

TOKENS = 20
_NEARLY_AS_LIKELY = 5e-3
_SAME = 1e-4
# A few words' beginnings, so that a text is not one token for each byte.
_PAIRS = (
    *(("t", "h"), ("th", "e"), ("i", "n"), ("a", "n"), ("a", "t"), ("r", "e"), ("o", "n"), ("i", "s"), ("e", "r")),
    *(("i", "t"), ("s", "t"), ("in", "g"), ("h", "e"), ("an", "d"), ("m", "a"), ("ma", "g"), ("c", "r"), ("D", "e")),
    *(("W", "h"), ("Wh", "at"), ("o", "w")),
)
_BYTES = [f"<0x{number:02X}>" for number in range(256)]


def _say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tokenizer_of(vocabulary):
    """Tokenizer of a recipe, as transformers has it."""
    tokenizer = _bytes(vocabulary) if vocabulary.kind == "bytes" else _spaces(vocabulary)
    tokenizer.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in vocabulary.special])
    around = {"bos_token": vocabulary.begins_itself, "eos_token": vocabulary.ends_itself}
    marks = [(vocabulary.roles[role], wanted) for role, wanted in around.items() if wanted]
    if marks:
        begin = f"{vocabulary.roles['bos_token']} " if vocabulary.begins_itself else ""
        end = f" {vocabulary.roles['eos_token']}" if vocabulary.ends_itself else ""
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{begin}$A{end}", special_tokens=[(mark, tokenizer.token_to_id(mark)) for mark, _ in marks]
        )
    named = {"extra_special_tokens": vocabulary.named} if vocabulary.named else {}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        clean_up_tokenization_spaces=False,
        model_max_length=2048,
        padding_side="left",
        **vocabulary.roles,
        **named,
    )


def _bpe(letters, **options):
    words = dict.fromkeys([*letters, *("".join(pair) for pair in _PAIRS)])
    return models.BPE(vocab={word: number for number, word in enumerate(words)}, merges=list(_PAIRS), **options)


def _bytes(_vocabulary):
    tokenizer = Tokenizer(_bpe(sorted(pre_tokenizers.ByteLevel.alphabet())))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _spaces(vocabulary):
    letters = ["<unk>", *_BYTES, "▁", *map(chr, range(ord("!"), ord("~") + 1))]
    tokenizer = Tokenizer(_bpe(letters, byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    before = [normalizers.Prepend("▁")] if vocabulary.leads_with_space else []
    tokenizer.normalizer = normalizers.Sequence([*before, normalizers.Replace(" ", "▁")])
    after = [decoders.Strip(" ", 1, 0)] if vocabulary.leads_with_space else []
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, *after])
    return tokenizer


def _resolved(value, tokenizer):
    """A configuration with numbers in place of tokens."""
    if isinstance(value, dict):
        if set(value) == {"token"}:
            number = tokenizer.convert_tokens_to_ids(value["token"])
            assert number is not None, value
            return number
        if set(value) == {"vocabulary"}:
            return len(tokenizer)
        return {key: _resolved(entry, tokenizer) for key, entry in value.items()}
    return [_resolved(entry, tokenizer) for entry in value] if isinstance(value, list) else value


def save_by_transformers(recipe, directory):
    """The checkpoint as `save_pretrained` leaves it, weights as transformers begins them."""
    tokenizer = tokenizer_of(recipe.vocabulary)
    parts = {name: getattr(transformers, kind)(**options) for name, (kind, options) in recipe.parts.items()}
    processor = getattr(transformers, recipe.processor)(tokenizer=tokenizer, **parts, **recipe.options)
    if recipe.template:
        processor.chat_template = recipe.template
    kind = getattr(transformers, recipe.model)
    torch.manual_seed(0)
    model = kind(kind.config_class(**_resolved(recipe.config, processor.tokenizer)))
    model.generation_config = transformers.GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **recipe.settings,
    )
    model.float().save_pretrained(directory)
    processor.save_pretrained(directory)


def read_back(recipe, directory):
    """Small files and the tensors' shapes, with the mean of each vector, as `Recording` has them."""
    files = {
        file.name: file.read_text(encoding="utf-8")
        for file in sorted(directory.iterdir())
        if file.suffix in (".json", ".jinja")
    }
    tensors = {}
    with safe_open(directory / "model.safetensors", framework="pt") as file:
        for name in sorted(file.keys()):
            tensors[name] = _described(file.get_tensor(name))
    versions = {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]}
    return recording.Recording(recipe.family, recipe.digest, recipe.seed, versions, files, tensors, {})


def _described(tensor):
    shape = list(tensor.shape)
    if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
        assert tensor.unique().numel() == 1, "only constants can be recorded"
        return [shape, tensor.flatten()[0].item(), str(tensor.dtype).removeprefix("torch.")]
    return [shape, round(float(tensor.mean()), 1) if tensor.ndim < 2 else 0.0]


def _messages(question):
    before = []
    for earlier, answer in question.before:
        before += [_message("user", earlier.text, earlier.pictures), _message("assistant", answer)]
    system = [_message("system", question.system)] if question.system else []
    return [*system, *before, _message("user", question.text, question.pictures)]


def _message(role, text, pictures=()):
    parts = [{"type": "image", "image": asks.picture(name)} for name in pictures]
    return {"role": role, "content": [*parts, {"type": "text", "text": text}]}


def inputs_of(recipe, processor, question):
    """What transformers' processor makes of a question."""
    if recipe.template:
        return processor.apply_chat_template(
            _messages(question), add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
        )
    pictures = [asks.picture(name) for name in question.pictures]
    places = "" if recipe.family == "florence2" else "<image>" * len(pictures)
    return processor(
        text=places + question.text, images=pictures if len(pictures) > 1 else pictures[0], return_tensors="pt"
    )


def opened(recipe, directory):
    """Model and processor of a checkpoint, every weight found and none left over."""
    kind = getattr(transformers, recipe.model)
    model, report = kind.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    wrong = {key: names for key, names in report.items() if names}
    assert not wrong, wrong
    processor = transformers.AutoProcessor.from_pretrained(directory)
    try:
        processor.image_processor = transformers.AutoImageProcessor.from_pretrained(directory, backend="pil")
    except ValueError as error:
        _say(f"  {recipe.family}: no PIL processor: {error}")
    return model.eval(), processor


def answer(model, inputs):
    """What the model makes of it."""
    with torch.no_grad():
        made = model.generate(
            **inputs, max_new_tokens=TOKENS, do_sample=False, return_dict_in_generate=True, output_logits=True
        )
    logits = torch.stack(made.logits)[:, 0].float().numpy().astype(np.float64)
    tokens = made.sequences[0, -len(logits) :].tolist()
    ties = {}
    for step, row in enumerate(logits):
        second, first = np.argsort(row)[-2:]
        if row[first] - row[second] < _NEARLY_AS_LIKELY:
            ties[step] = (int(second), round(float(row[first] - row[second]), 5))
    return recording.Answer(inputs["input_ids"][0].tolist(), logits[0], tokens, ties)


def record(recipe):
    """Make one recording."""
    with tempfile.TemporaryDirectory() as folder:
        saved, v5, v4 = (Path(folder) / name for name in ("saved", "v5", "v4"))
        save_by_transformers(recipe, saved)
        made = read_back(recipe, saved)
        checkpoint.write(made, v5, "v5")
        checkpoint.write(made, v4, "v4")
        model, processor = opened(recipe, v5)
        for name, question in asks.QUESTIONS.items():
            if name in recipe.skips:
                continue
            made.answers[name] = answer(model, inputs_of(recipe, processor, question))
        _check_original(recipe, v4, made)
    recording.save(made)
    return made


def _check_original(recipe, directory, made):
    model, processor = opened(recipe, directory)
    for name, expected in made.answers.items():
        inputs = inputs_of(recipe, processor, asks.QUESTIONS[name])
        assert inputs["input_ids"][0].tolist() == expected.token_ids, f"{name}: the original layout has other ids"
        with torch.no_grad():
            logits = model.generate(
                **inputs, max_new_tokens=1, do_sample=False, return_dict_in_generate=True, output_logits=True
            ).logits[0][0]
        gap = float(np.abs(logits.numpy() - expected.logits).max())
        assert gap < _SAME, f"{name}: logits of the original layout differ by {gap}"


def main(names):
    """Record the families named, or all."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    failed = []
    for name in names or catalog.RECIPES:
        try:
            made = record(catalog.RECIPES[name])
        except Exception as error:  # noqa: BLE001  the others are recorded all the same
            frame = error.__traceback__
            while frame.tb_next:
                frame = frame.tb_next
            place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
            _say(f"{name} FAILED {type(error).__name__}: {error} at {place}")
            failed.append(name)
            continue
        kib = (recording.FOLDER / f"{name}.json.xz").stat().st_size / 1024
        different = len({tuple(one.tokens) for one in made.answers.values()})
        lengths = {key: len(one.token_ids) for key, one in made.answers.items()}
        _say(f"{name}: {kib:.1f} KiB, {different} of {len(lengths)} answers differ, {json.dumps(lengths)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
