"""One tiny SmolVLM with random weights, made once, and an engine on it."""

import pytest

from tests.families.drawing import picture
from vlmkit.engines.desk import desk
from vlmkit.engines.mlx import open_engine
from vlmkit.records import Ask, Sampling


def make(recipe_of, directory):
    """Write a checkpoint on the desk, where MLX may run."""

    def work():
        from tests.families import catalog, making

        return making.make(recipe_of(catalog.RECIPES), directory)

    return desk().call(work)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """Directory of a tiny SmolVLM."""
    return make(lambda recipes: recipes["smolvlm"], tmp_path_factory.mktemp("smolvlm"))


@pytest.fixture(scope="session")
def engine(checkpoint):
    """An engine of four slots on it, shared by tests that leave it as it was."""
    with open_engine(str(checkpoint), slots=4) as opened:
        yield opened


@pytest.fixture
def ask():
    """Make an ask about the picture of a number."""

    def build(number=0, prompt="What is it?", *, system=None, timeout_s=None, probabilities=False, **sampling):
        return Ask(
            pictures=(picture(number),),
            prompt=prompt,
            system=system,
            timeout_s=timeout_s,
            token_probabilities=probabilities,
            sampling=Sampling(**{"max_tokens": 12, **sampling}),
        )

    return build
