"""The training's forward pass is mlx-vlm's."""

import numpy as np
import pytest

mx = pytest.importorskip("mlx.core")
from mlx.utils import tree_flatten  # noqa: E402

from vlmkit.tiny import batches, blueprint, forward  # noqa: E402

pytestmark = pytest.mark.core_model


def test_both_halves_equal_mlx_vlm():
    """Image tokens and logits agree to single precision, padding and all."""
    mx.random.seed(0)
    model = forward.build()
    batch = batches.draw_batch(1, blueprint.train_tokenizer(500), pictures=3, texts=True)
    group = batch.groups[2]
    pictures = mx.array(batch.pictures).astype(mx.float32) / 127.5 - 1
    features = forward.see(model, pictures)
    across = blueprint.SIDE_PX // blueprint.PATCH_PX
    patches = mx.ones((3, across, across), dtype=mx.bool_)
    assert mx.abs(features - model.connector(model.vision_model(pictures, patches)[0])).max().item() < 1e-4

    ids, rows = mx.array(group.ids), mx.array(group.picture)
    logits = model.language_model.lm_head(forward.read(model, ids, features[rows])[0])
    channels_first = pictures[rows].transpose(0, 3, 1, 2)[:, None]
    embedded = model.get_input_embeddings(ids, channels_first).inputs_embeds
    reference = model.language_model(None, inputs_embeds=embedded).logits
    assert mx.abs(logits - reference).max().item() < 1e-3


@pytest.fixture(scope="module")
def model():
    mx.random.seed(1)
    return forward.build()


def test_the_same_architecture_is_taken_over_whole(model, tmp_path):
    """Nothing is left, and every number is the old one."""
    tokenizer = blueprint.train_tokenizer(800)
    blueprint.write_files(tmp_path, tokenizer)
    old = {name: 2 * value for name, value in tree_flatten(model.parameters())}
    mx.save_safetensors(str(tmp_path / "model.safetensors"), old)
    arrays, left = forward.adopted(model, tmp_path / "model.safetensors", tmp_path / "tokenizer.json")
    assert left == []
    rows = tokenizer.get_vocab_size()
    for name, value in arrays.items():
        assert mx.array_equal(value[:rows] if "embed_tokens" in name else value[: len(value)], old[name][: len(value)])


def test_shipped_weights_are_a_start_for_another_tokenizer_and_eye(model, tmp_path):
    """Tokens that both have keep their rows, new ones get the mean of their pieces; what has another shape is named."""
    from importlib import resources

    from tokenizers import Tokenizer

    shipped = resources.files("vlmkit.tiny") / "weights"
    new = blueprint.train_tokenizer(2000)
    new.save(str(tmp_path / "tokenizer.json"))
    old = Tokenizer.from_file(str(shipped / "tokenizer.json"))
    model.connector.modality_projection.proj.weight = mx.zeros((192, 64))  # as of an eye that sees in other pieces
    arrays, left = forward.adopted(model, shipped / "model.safetensors", tmp_path / "tokenizer.json")
    name = "language_model.embed_tokens.weight"
    before, after = (
        np.array(mx.load(str(shipped / "model.safetensors"))[name].astype(mx.float32)),
        np.array(arrays[name]),
    )
    both = set(old.get_vocab()) & set(new.get_vocab())
    assert len(both) > 300
    assert all(np.array_equal(after[new.token_to_id(t)], before[old.token_to_id(t)]) for t in both)
    added = next(
        t for t in new.get_vocab() if t not in both and len(old.encode(new.decode([new.token_to_id(t)])).ids) > 1
    )
    pieces = old.encode(new.decode([new.token_to_id(added)])).ids
    assert np.allclose(after[new.token_to_id(added)], before[pieces].mean(axis=0))
    assert left == ["connector.modality_projection.proj.weight"]
