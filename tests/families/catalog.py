"""Every family there is a recipe for, and the few that stand for all of them in a quick run."""

from tests.families import gemma, glm, granite, llava, minicpm, molmo, others, paddle, qwen, smolvlm

RECIPES = {
    recipe.family: recipe
    for module in (smolvlm, qwen, gemma, llava, glm, granite, minicpm, molmo, others, paddle)
    for recipe in module.RECIPES
}
# Pixel shuffle and tiles, positions in three axes with deep features, sliding windows, convolutions beside attention.
CORE = ("smolvlm", "qwen2_vl", "qwen3_vl", "gemma3", "lfm2_vl")
