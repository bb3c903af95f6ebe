"""A group whose commands come when they are called."""

import click
from click.testing import CliRunner

from vlmkit.cli.lazy_group import LazyCommand, LazyGroup


def group(opened):
    """Two commands under two headings; `opened` is told which was imported."""

    def opener(name):
        def open_it():
            opened.append(name)
            return click.Command(name, callback=lambda: click.echo(f"{name} ran"), help="Long.")

        return open_it

    made = LazyGroup(name="sample")
    made.add_lazy(
        LazyCommand(name=name, summary=f"What {name} does.", open=opener(name), heading=heading)
        for name, heading in (("one", "First things"), ("two", "Second things"))
    )
    return made


def test_help_lists_commands_and_opens_none():
    """Under their headings, in their order."""
    opened = []
    shown = CliRunner().invoke(group(opened), ["--help"]).output
    assert shown.index("First things:") < shown.index("What one does.") < shown.index("Second things:")
    assert opened == []


def test_only_the_command_that_is_called_is_opened():
    """The other one stays where it is."""
    opened = []
    assert CliRunner().invoke(group(opened), ["two"]).output == "two ran\n"
    assert opened == ["two"]


def test_an_unknown_command_is_a_usage_error():
    """And opens nothing."""
    opened = []
    done = CliRunner().invoke(group(opened), ["three"])
    assert (done.exit_code, opened) == (2, [])
    assert "No such command 'three'" in done.output
