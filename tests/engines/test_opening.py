"""What an open model says of itself follows from what was loaded."""

import pytest

from vlmkit.engines import inspection
from vlmkit.engines.desk import desk
from vlmkit.engines.opening import open_on_desk
from vlmkit.errors import ModelLoadFailed


@pytest.fixture
def opened(checkpoint, monkeypatch, tmp_path):
    """Open the checkpoint without an engine around it, with changes to the modules involved."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def build(slots=None, *, wrong_allowed=False, **changes):
        def work():
            from vlmkit.engines import conformance, mlx_vlm_api, probe

            for name, value in changes.items():
                module = {"difference": conformance, "examine": probe}.get(name, mlx_vlm_api)
                monkeypatch.setattr(module, name, value)
            found = inspection.inspect(checkpoint, name="m")
            options = {"revision": "r", "adapter": None, "slots": slots, "kv_cache_tokens": None, "code_allowed": False}
            one = open_on_desk(found, name="mlx:m", wrong_allowed=wrong_allowed, **options)
            one.scheduler.shut()
            return one

        return desk().call(work)

    return build


def test_a_conforming_model_is_batched(opened):
    """As many slots as wanted; the runner is told to keep twice as many asks in flight."""
    one = opened(slots=5)
    assert (one.info.slots, one.info.serving, one.abilities.parallel_asks) == (5, "batched", 10)
    assert (one.info.name, one.info.revision, one.language.name) == ("mlx:m", "r", "mlx:m")
    assert one.abilities.images_per_ask > 1
    assert opened().info.slots in {8, 16}


def test_a_model_that_batches_wrongly_is_served_one_by_one(opened):
    """And info says so, with the reason."""
    one = opened(slots=5, difference=lambda _: "because")
    assert (one.info.slots, one.info.serving, one.info.why_one_by_one) == (1, "one by one", "because")
    assert one.abilities.parallel_asks == 2


def test_a_family_of_one_picture_takes_one(opened):
    """What mlx_vlm says of a family becomes an ability."""
    assert opened(single_image_only=lambda _: True).abilities.images_per_ask == 1


def test_a_model_that_does_not_see_rightly_is_refused(opened):
    """Unless it is asked for by name; then its facts say what is wrong."""

    def blind(_language):
        return ("another picture changes nothing",)

    with pytest.raises(ModelLoadFailed, match=r"another picture changes nothing\..*allow_wrong='m'"):
        opened(examine=blind)
    info = opened(examine=blind, wrong_allowed=True).info
    assert info.faithfulness == "wrong"
    assert info.remarks[0] == "It does not see rightly: another picture changes nothing."


def test_whether_it_answers_is_asked_at_every_load(opened):
    """The remembered verdict about batches says nothing of the files and the code of today."""
    assert opened().info.faithfulness == "same"

    def fail(*_):
        message = "unexpected option"
        raise TypeError(message)

    with pytest.raises(ModelLoadFailed, match="cannot answer about a picture: TypeError: unexpected option"):
        opened(prefill=fail)
