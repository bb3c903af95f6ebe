"""Measures every recorded family and writes the table that vlmkit ships; or shows it beside what was there before.

python -m tests.families.measure                # writes vlmkit/engines/families/measured.json
python -m tests.families.measure --show         # prints a table for people instead
python -m tests.families.measure smolvlm llava  # these alone; the rows of others stay
"""

import argparse
import importlib.metadata
import json
import math
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from vlmkit.engines import blas

TABLE = Path(__file__).parents[2] / "vlmkit" / "engines" / "families" / "measured.json"
_SCHEMA = {
    "type": "object",
    "properties": {"sky": {"enum": ["blue", "gray"]}, "night": {"type": "boolean"}},
    "required": ["sky", "night"],
    "additionalProperties": False,
}


@dataclass
class Measured:
    """A family in one layout.

    Attributes
    ----------
    fault : str
        Why it cannot be opened; empty where it can.
    serving : str
        ``"batched"`` or ``"one by one"``.
    pictures : int
        Most per ask.
    gaps : dict of str to Gap
        By question, those that were answered.
    refused : list of str
        Questions with more pictures than it takes.
    together, valid : tuple of int
        Answers that are the same in a batch as alone, answers that fit a schema; each with how many there were.
    """

    fault: str = ""
    serving: str = ""
    pictures: int = 0
    gaps: dict = field(default_factory=dict)
    refused: list = field(default_factory=list)
    together: tuple = (0, 0)
    valid: tuple = (0, 0)

    def count(self, what):
        """Questions of which something holds, and all."""
        return sum(getattr(gap, what) for gap in self.gaps.values()), len(self.gaps)

    @property
    def logits(self):
        """Greatest difference."""
        return max((gap.logits for gap in self.gaps.values()), default=0.0)


def measure(recorded, layout):
    """Write a checkpoint, open it and ask everything.

    Parameters
    ----------
    recorded : Recording
    layout : {"v4", "v5"}
    """
    from tests.families import asks, checkpoint, playing
    from vlmkit.engines.mlx import open_engine
    from vlmkit.errors import SetupError

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
        checkpoint.write(recorded, Path(folder) / recorded.family, layout)
        try:
            engine = open_engine(str(Path(folder) / recorded.family))
        except SetupError as error:
            return Measured(fault=str(error).replace(folder, "…"))
        with engine:
            made = Measured(serving=engine.info.serving, pictures=engine.abilities.images_per_ask)
            for name, answer in recorded.answers.items():
                if len(asks.QUESTIONS[name].all_pictures) > made.pictures:
                    made.refused.append(name)
                    continue
                made.gaps[name] = _gap(engine, asks.QUESTIONS[name], answer)
            single = [name for name in made.gaps if len(asks.QUESTIONS[name].pictures) == 1]
            made.together = _together(engine, [playing.ask(engine, asks.QUESTIONS[name]) for name in single])
            made.valid = _valid(engine, [asks.QUESTIONS[name] for name in single][:4])
    return made


def _gap(engine, question, answer):
    """How far an answer is from the recorded one; a fault is as far as can be."""
    from tests.families import playing

    try:
        return playing.gap(playing.play(engine, playing.ask(engine, question)), answer)
    except Exception:  # noqa: BLE001  mlx_vlm may fail in any way
        return playing.Gap(same_ids=False, logits=math.inf, same_tokens=False)


def _together(engine, asked):
    """How many answers are the same in one batch as alone; a fault is not an answer."""
    alone = [_text(engine.submit(ask)) for ask in asked]
    batch = [_text(future) for future in [engine.submit(ask) for ask in asked]]
    return sum(one == other and one is not None for one, other in zip(alone, batch, strict=True)), len(asked)


def _text(future):
    from vlmkit.errors import RunError

    try:
        return future.result(120).text
    except RunError:
        return None


def _valid(engine, questions):
    """How many constrained answers fit their schema."""
    import dataclasses

    from tests.families import playing
    from vlmkit.records import Constraint, Sampling

    if not engine.abilities.json_schema:
        return 0, len(questions)
    constraint = Constraint(kind="json_schema", text=json.dumps(_SCHEMA))
    asked = [
        dataclasses.replace(playing.ask(engine, question), constraint=constraint, sampling=Sampling(max_tokens=80))
        for question in questions
    ]
    return sum(_fits(_text(engine.submit(ask))) for ask in asked), len(asked)


def _fits(text):
    try:
        value = json.loads(text or "")
    except ValueError:
        return False
    return value.keys() == {"sky", "night"} and value["sky"] in ("blue", "gray") and isinstance(value["night"], bool)


def verdict(layouts):
    """One word for a family.

    Parameters
    ----------
    layouts : iterable of Measured
    """
    gaps = [gap for made in layouts for gap in made.gaps.values()]
    if not gaps:
        return "fails"
    if all(gap.is_none for gap in gaps):
        return "same"
    if all(gap.same_ids and gap.same_tokens for gap in gaps):
        return "nearly"
    right = sum(gap.is_none for gap in gaps)
    return "differs" if 2 * right >= len(gaps) else "wrong"


def row(families):
    """What the shipped table says of a family.

    Parameters
    ----------
    families : dict of str to (dict of str to Measured)
        Recordings of the family, each in its layouts.
    """
    made = [one for layouts in families.values() for one in layouts.values()]
    opened = [one for one in made if not one.fault]
    (ids, asked), (tokens, _) = (
        tuple(map(sum, zip((0, 0), *(one.count(what) for one in made), strict=True)))
        for what in ("same_ids", "same_tokens")
    )
    return {
        "verdict": verdict(made),
        "why": _why(families),
        "logits": _rounded(max((one.logits for one in made), default=0.0)) if opened else None,
        "questions": asked,
        "same_ids": ids,
        "same_tokens": tokens,
        "layouts": sorted({name for layouts in families.values() for name, one in layouts.items() if not one.fault}),
        "serving": "one by one" if any(one.serving == "one by one" for one in opened) else "batched" if opened else "",
        "pictures": min((one.pictures for one in opened), default=0),
    }


def _why(families):
    from tests.families import differences

    reasons = {}
    for entry in differences.DIFFERENCES:
        if entry.family in families:
            layout = "" if "v4" in entry.layouts else "as transformers 5 saves it"
            places = [place for place in (differences.VARIANTS.get(entry.family), layout) if place]
            reasons[f"{entry.why} ({', '.join(places)})" if places else entry.why] = None
    return "; ".join(reasons)


def _rounded(gap):
    """One digit, upwards; below 1e-4 all is rounding."""
    if gap <= 1e-4 or not math.isfinite(gap):
        return 1e-4 if gap <= 1e-4 else None
    size = 10 ** math.floor(math.log10(gap))
    return float(f"{math.ceil(gap / size) * size:.0e}")


def model_type(recorded):
    """What config.json calls the family."""
    return json.loads(recorded.files["config.json"])["model_type"]


def measure_all(names=()):
    """Every family in every layout, or those of the same model types as the ones named, by type and recording."""
    from tests.families import checkpoint, recording

    found = {}
    wanted = {model_type(recording.load(name)) for name in names or recording.families()}
    for name in recording.families():
        recorded = recording.load(name)
        if model_type(recorded) not in wanted:
            continue
        layouts = {layout: measure(recorded, layout) for layout in checkpoint.LAYOUTS}
        found.setdefault(model_type(recorded), {})[name] = layouts
        sys.stderr.write(f"{name} {verdict(layouts.values())}\n")
    return found


def table(found):
    """The table that vlmkit ships."""
    return {
        "mlx_vlm": importlib.metadata.version("mlx-vlm"),
        "transformers": importlib.metadata.version("transformers"),
        "families": {kind: row(families) for kind, families in sorted(found.items())},
    }


def shown(found):
    """A table for people, in Markdown."""
    lines = [
        "| family | loads v4 | loads v5 | ids | first logits | 20 tokens | batch = alone | two pictures | schema |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for families in found.values():
        for name, layouts in families.items():
            cells = [name, *(_loads(one) for one in layouts.values())]
            best = next((one for one in layouts.values() if not one.fault), None)
            lines.append("| " + " | ".join(cells + (_cells(best) if best else [""] * 6)) + " |")
    return "\n".join(lines)


def _loads(one):
    if one.fault:
        return "no: " + one.fault.split(": ", 1)[-1].split("\n")[0][:70]
    return {"same": "✓", "nearly": "✓ nearly"}.get(word := verdict([one]), f"✓ **{word} {one.logits:.0e}**")


def _cells(one):
    several = [one.gaps[name] for name in ("two", "turns") if name in one.gaps]
    if "two" in one.refused:
        two = "refused"
    elif not several:
        two = "not asked"
    else:
        two = "=" if all(gap.is_none for gap in several) else f"{max(gap.logits for gap in several):.0e}"
    return [
        "{}/{}".format(*one.count("same_ids")),
        f"{one.logits:.0e}",
        "{}/{}".format(*one.count("same_tokens")),
        "{}/{}".format(*one.together) + (" one by one" if one.serving == "one by one" else ""),
        two,
        "{}/{}".format(*one.valid),
    ]


def main(arguments=None):
    """Measure, then write or print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args(arguments)
    blas.prepare()
    found = measure_all(options.families)
    if options.show:
        sys.stdout.write(shown(found) + "\n")
        return
    made = table(found)
    if options.families:
        kept = json.loads(TABLE.read_text(encoding="utf-8"))["families"]
        made["families"] = dict(sorted((kept | made["families"]).items()))
    TABLE.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
