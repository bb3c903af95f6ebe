"""Options that several commands share."""

import click
import pytest
from click.testing import CliRunner

from vlmkit.cli.options import asks_for_json, budget_of, budget_options, in_words_of_shell


@pytest.mark.parametrize(
    ("line", "is_json"),
    [
        ("describe x -f json", True),
        ("describe x --format jsonl", True),
        ("models --format=json", True),
        ("describe x -fjson --nothing", True),
        ("describe x -f csv", False),
        ("describe json", False),
        ("describe x -f", False),
        ("", False),
    ],
)
def test_whether_json_is_asked_for(line, is_json):
    """Also in a command that is written wrongly otherwise."""
    assert asks_for_json(line.split()) is is_json


@pytest.mark.parametrize(
    ("line", "budget", "price"),
    [
        ("", None, None),
        ("--budget-minutes 0.5", {"minutes": 0.5}, None),
        ("--budget-tokens 2e6 --budget-minutes 30", {"minutes": 30.0, "tokens": 2e6}, None),
        ("--budget-money 5 --price 0.1 0.4", {"money": 5.0}, (0.1, 0.4)),
        ("--price 0.1 0.4", None, (0.1, 0.4)),
    ],
)
def test_a_budget_is_put_together(line, budget, price):
    """Of those limits that were given; the price stays an option of its own."""
    found = {}

    @click.command()
    @budget_options()
    def command(**options):
        found.update(budget=budget_of(options), **options)

    assert CliRunner().invoke(command, line.split(), catch_exceptions=False).exit_code == 0
    assert found == {"budget": budget, "price": price}


@pytest.mark.parametrize("line", ["--budget-money 5", "--budget-minutes 0", "--budget-tokens x", "--price 1"])
def test_budgets_that_are_mistakes_in_the_command(line):
    """Money without a price, nothing at all, no number, half a price."""

    @click.command()
    @budget_options()
    def command(**options):
        budget_of(options)

    assert CliRunner().invoke(command, line.split()).exit_code == 2


COMMAND = click.Command(
    "sample",
    params=[
        click.Argument(["paths"]),
        click.Option(["-t", "--timeout", "timeout_s"]),
        click.Option(["--redo", "overwrite"]),
        click.Option(["--schema"]),
        click.Option(["--resume/--no-resume"]),
    ],
)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("timeout_s=-1: give a number.", "--timeout -1: give a number."),
        ("schema: 'x' is not a type.", "--schema: 'x' is not a type."),
        ("The column is there; pass overwrite=True.", "The column is there; pass --redo."),
        (
            "It is off; resume=False asks anew, resume=True does not.",
            "It is off; --no-resume asks anew, --resume does not.",
        ),
        ("Allow it: vk.use(timeout_s=5, schema=1).", "Allow it: vk.use(timeout_s=5, schema=1)."),
        ("paths=1, my_schema=2, --schema=3, a/schema: 4", "paths=1, my_schema=2, --schema=3, a/schema: 4"),
    ],
)
def test_messages_name_options_as_a_shell_spells_them(message, said):
    """Not the parameters of the function; a whole call stays Python, and so do words that are no option."""
    assert in_words_of_shell(message, COMMAND) == said
    assert in_words_of_shell(message, None) == message
