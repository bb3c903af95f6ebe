"""Pictures in memory are copied before anything is done to them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from PIL import Image

from vlmkit.sources.objects import own_copy


def test_one_lazy_picture_in_many_threads() -> None:
    """Each gets a loaded copy of its own, and the picture stays as it was."""
    buffer = BytesIO()
    Image.effect_noise((300, 200), 60).save(buffer, "PNG")
    lazy = Image.open(BytesIO(buffer.getvalue()))
    with ThreadPoolExecutor(8) as pool:
        copies = list(pool.map(own_copy, [lazy] * 40))
    assert len({copy.tobytes() for copy in copies}) == 1
    copies[0].paste(0, (0, 0, 300, 200))
    assert lazy.tobytes() == copies[1].tobytes()
