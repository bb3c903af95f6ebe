"""The training's forward pass is mlx-vlm's."""

import pytest

mx = pytest.importorskip("mlx.core")

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
