"""Models and prompts side by side, on the same pictures, or on some rows that stand for all."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vlmkit.arguments import check_whole
from vlmkit.backends import Backend, parse
from vlmkit.errors import BadSetting
from vlmkit.evaluation.alignment import truth_of
from vlmkit.evaluation.comparison import Comparison, agreement_of, frame_of
from vlmkit.evaluation.evaluating import evaluate
from vlmkit.evaluation.resource_usage import ResourceUsage
from vlmkit.evaluation.texts import TEXT_MEASURES, check_measures
from vlmkit.frame import ask, column_of, describe, read_images
from vlmkit.prompts import STYLES
from vlmkit.settings import require_model

__all__ = ["compare", "stratified_rows"]


def stratified_rows(
    table: pd.DataFrame, rows: int | None, *, by: str | Sequence[str] | None = None, seed: int = 0
) -> list[int]:
    """Positions of some rows, in order.

    Parameters
    ----------
    table : DataFrame
    rows : int or None
        How many; None, or more than there are, is all.
    by : str or list of str, default None
        Columns whose values part the table: each stratum gets its share, by largest remainders, and one row at least
        while there are enough.
    seed : int, default 0

    Raises
    ------
    BadSetting
        Not a whole number from 1 up.
    SetupError
        No such column.
    """
    if rows is None:
        return list(range(len(table)))
    _check(rows)
    rows = min(rows, len(table))
    rng = random.Random(seed)
    if by is None:
        return sorted(rng.sample(range(len(table)), rows))
    names = [by] if isinstance(by, str) else list(by)
    keys = pd.concat([column_of(table, name).reset_index(drop=True) for name in names], axis=1)
    strata = [sorted(int(row) for row in found) for found in keys.groupby(names, dropna=False).indices.values()]
    drawn = [rng.sample(stratum, share) for stratum, share in zip(strata, _shares(strata, rows), strict=True)]
    return sorted(row for stratum in drawn for row in stratum)


def _check(rows: object) -> None:
    check_whole("sample", rows, "a whole number of rows from 1 up, or None for all")


def _shares(strata: Sequence[Sequence[int]], rows: int) -> list[int]:
    total = sum(map(len, strata))
    quotas = [rows * len(stratum) / total for stratum in strata]
    fewest = 1 if rows >= len(strata) else 0
    shares = [max(fewest, int(quota)) for quota in quotas]
    while sum(shares) != rows:
        step = 1 if sum(shares) < rows else -1
        open_ones = [n for n, share in enumerate(shares) if (share < len(strata[n]) if step > 0 else share > fewest)]
        chosen = max(open_ones, key=lambda number: step * (quotas[number] - shares[number]))
        shares[chosen] += step
    return shares


def compare(
    source: Any,
    *,
    models: str | Backend | Sequence[str | Backend] | None = None,
    prompts: str | Sequence[str] | Mapping[str, Any] = "detailed",
    truth: Any = None,
    sample: int | None = None,
    stratify: str | Sequence[str] | None = None,
    dtype: Any = str,
    choices: Sequence[str] | None = None,
    seed: int = 0,
    progress: Any = "auto",
    evaluation: Mapping[str, Any] | None = None,
    **options: Any,
) -> Comparison:
    """Ask every model with every prompt about the same pictures.

    Answers go through the store, as in every run: what was asked before is not asked again, and a later run over all
    rows finds the sample's answers there.

    Parameters
    ----------
    source : DataFrame, or what `read_images` takes
    models : str or open backend, or list of these, default the setting
        Those that are compared.
    prompts : str, list of str or mapping, default "detailed"
        A style's name or a text; or name → style, text, or arguments of `describe` (of `ask`, with a dtype or choices),
        such as ``{"short": {"style": "brief", "max_words": 10}}``; with ``examples``, ``into`` is the column of their
        answers: ``{"before": "brief", "after": {"style": "brief", "examples": gold, "into": "caption"}}`` says whether
        they help.
    truth : str, Series or list, default None
        What is right: a column of the table, or as `evaluate` takes it for one column.
    sample : int, default None
        Only so many rows, the same for all; None is all.
    stratify : str or list of str, default None
        Columns whose values shall have their share in the sample.
    dtype, choices
        Of the answers, as for `ask`; by default texts.
    seed : int, default 0
        Draws the sample and the intervals.
    progress : as for `describe`
    evaluation : mapping, default None
        Further arguments of `evaluate`: kinds are of the answers, such as ``{"text_measures": ["rouge_l"]}``.
    **options
        As for `describe`: store, image, timeout_s, workers, ….

    Returns
    -------
    Comparison
        ``frame``, a row for each pair of model and prompt; ``quality``, ``agreement``, ``answers``; ``plot()``.

    Raises
    ------
    SetupError
        As `describe` and `evaluate`; names of models, and whether what `evaluate` needs is installed, are looked at
        before anything is asked.
    RunError
        As `describe`.
    """
    table = source if isinstance(source, pd.DataFrame) else read_images(source)
    typed = {"dtype": dtype, "choices": choices} if choices is not None or dtype is not str else {}
    named = _named_prompts(prompts, are_questions=bool(typed))
    cells = _cells(_listed_models(models), named, taken=set(map(str, table.columns)))
    right = None if truth is None else truth_of(table, "truth", truth)
    _check_installed(right, typed, evaluation or {})
    rows = stratified_rows(table, sample, by=stratify, seed=seed)
    meters = {cell.name: ResourceUsage(progress, cell.name) for cell in cells}
    answers = _answers(table.iloc[rows], cells, typed, options, meters)
    quality = None
    if right is not None:
        given = {"against": cells[0].name if len(cells) > 1 else None, "seed": seed, **(evaluation or {})}
        quality = evaluate(answers, truth={cell.name: right.iloc[rows] for cell in cells}, **given)
    pairs = {cell.name: {"model": cell.model_name, "prompt": cell.prompt_name} for cell in cells}
    return Comparison(
        frame=frame_of(answers, pairs, meters, quality),
        quality=quality,
        agreement=agreement_of({name: column_of(answers, name) for name in pairs}),
        answers=answers,
    )


def _check_installed(right: Any, typed: Mapping[str, Any], evaluation: Mapping[str, Any]) -> None:
    if right is not None and not typed and "kinds" not in evaluation:  # answers are texts
        check_measures(evaluation.get("text_measures", TEXT_MEASURES))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cell:
    """One pair of model and prompt; `name` is the column its answers go to."""

    name: str
    model: str | Backend
    model_name: str
    prompt_name: str
    arguments: Mapping[str, Any]

    def ask(self, table: pd.DataFrame, typed: Mapping[str, Any], options: Mapping[str, Any]) -> pd.DataFrame:
        """The table with the answers and their details."""
        given = {**options, **self.arguments, "model": self.model, "into": self.name, "details": True}
        answers = self.arguments.get("into")
        if answers is not None and "examples" in given:
            given["examples"] = given["examples"].rename(columns={answers: self.name})
        if not typed:
            answered: pd.DataFrame = describe(table, **given)
            return answered
        typed_answers: pd.DataFrame = ask(table, given.pop("prompt"), **typed, **given)
        return typed_answers


def _answers(
    few: pd.DataFrame,
    cells: Sequence[_Cell],
    typed: Mapping[str, Any],
    options: Mapping[str, Any],
    meters: Mapping[str, ResourceUsage],
) -> pd.DataFrame:
    """The rows with the answers of all cells; each cell is asked by itself, so that its time is its own."""
    answers = few.copy()
    for cell in cells:
        with meters[cell.name] as meter:
            asked = cell.ask(few, typed, {**options, "progress": meter})
        for column in asked.columns.difference(few.columns, sort=False):
            answers[column] = asked[column]
    return answers


def _cells(
    models: Sequence[tuple[str, str | Backend]], prompts: Mapping[str, Mapping[str, Any]], *, taken: set[str]
) -> list[_Cell]:
    """Model by model, so that each is loaded once; a name has only what tells it from the others, if it is free."""
    pairs = [(model, prompt) for model, _ in models for prompt in prompts]
    short = [model if len(prompts) == 1 and len(models) > 1 else prompt for model, prompt in pairs]
    is_clear = len(set(short)) == len(short) and not taken & set(short)
    names = short if is_clear else [f"{model} / {prompt}" for model, prompt in pairs]
    opened = dict(models)
    return [
        _Cell(name=name, model=opened[model], model_name=model, prompt_name=prompt, arguments=prompts[prompt])
        for name, (model, prompt) in zip(names, pairs, strict=True)
    ]


def _listed_models(models: str | Backend | Sequence[str | Backend] | None) -> list[tuple[str, str | Backend]]:
    listed = [models] if models is None or isinstance(models, str | Backend) else list(models)
    named: dict[str, str | Backend] = {}
    for model in listed:
        if isinstance(model, Backend):
            named[model.model] = model
        else:
            required = require_model(model)
            parse(required)
            named[required] = required
    if len(named) < len(listed) or not named:
        raise BadSetting("models: give one or more, each once.")
    return list(named.items())


def _named_prompts(
    prompts: str | Sequence[str] | Mapping[str, Any], *, are_questions: bool
) -> dict[str, dict[str, Any]]:
    if isinstance(prompts, Mapping):
        named = dict(prompts)
    else:
        listed = [prompts] if isinstance(prompts, str) else list(prompts)
        named = {prompt: prompt for prompt in listed}
        if len(named) < len(listed):
            raise BadSetting("prompts: one is there twice; give each once.")
    if not named:
        raise BadSetting("prompts: give one or more: a style's name, a text, or a mapping of names to these.")
    arguments = {str(name): _arguments(prompt) for name, prompt in named.items()}
    styles = [name for name, given in arguments.items() if are_questions and "prompt" not in given]
    if styles:
        raise BadSetting(
            f"prompts: {styles[0]!r} is not a question; with dtype or choices, give texts that ask something."
        )
    return arguments


def _arguments(prompt: Any) -> dict[str, Any]:
    if isinstance(prompt, Mapping):
        return dict(prompt)
    if not isinstance(prompt, str):
        raise BadSetting(f"prompts: {prompt!r} is none; give a style's name, a text, or a mapping of arguments.")
    return {"style": prompt} if prompt in STYLES.names() else {"prompt": prompt}
