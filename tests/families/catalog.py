"""Every family there is a recipe for, and the few that stand for all of them in a quick run."""

from tests.families import gemma, llava, others, qwen, smolvlm

RECIPES = {recipe.family: recipe for module in (smolvlm, qwen, gemma, llava, others) for recipe in module.RECIPES}
# mlx_vlm lets a padded row of PaliGemma attend to its padding; the engine finds out and does not batch it.
ONE_BY_ONE = frozenset({"paligemma"})
# Pixel shuffle, mrope with deep features, sliding windows with a picture mask, convolutions beside attention.
CORE = ("smolvlm", "qwen3_vl", "gemma3", "lfm2_vl")
