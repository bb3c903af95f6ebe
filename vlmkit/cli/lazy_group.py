"""A group whose commands are imported when they are called, so that help and a start cost no library."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from vlmkit.cli.output import Complaints
from vlmkit.cli.verbs import Verb
from vlmkit.extras import open_by_name

__all__ = ["LazyCommand", "LazyGroup", "command_of_verb"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LazyCommand:
    """A command that is not there yet.

    Attributes
    ----------
    name : str
    summary : str
        A line for the list of commands.
    open : callable
        Makes or imports it.
    heading : str
        Above the list that it stands in.
    """

    name: str
    summary: str
    open: Callable[[], click.Command]
    heading: str


def command_of_verb(verb: Verb) -> Callable[[], click.Command]:
    """What makes the command of a verb, once it is called.

    Parameters
    ----------
    verb : Verb
    """
    return partial(_made, verb)


def _made(verb: Verb) -> click.Command:
    command: click.Command = open_by_name("vlmkit.cli.running:command_of")(verb)
    return command


class LazyGroup(click.Group):
    """A group of lazy commands, listed under their headings, in their order.

    Parameters
    ----------
    **attributes
        As for `click.Group`.
    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._lazy: dict[str, LazyCommand] = {}

    def add_lazy(self, commands: Iterable[LazyCommand]) -> None:
        """Add commands.

        Parameters
        ----------
        commands : iterable of LazyCommand
        """
        self._lazy |= {command.name: command for command in commands}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands; none is imported."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, which is imported now."""
        there = super().get_command(ctx, cmd_name)
        if there is None and cmd_name in self._lazy:
            there = self._lazy[cmd_name].open()
        return there

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was called; it is noted, as errors name its options."""
        found = super().resolve_command(ctx, args)
        Complaints.command = found[1]
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the lists of commands; none is imported."""
        self.list_commands(ctx)  # a group may find its commands only now
        headings = dict.fromkeys(command.heading for command in self._lazy.values())
        for heading in headings:
            rows = [(each.name, each.summary) for each in self._lazy.values() if each.heading == heading]
            with formatter.section(heading):
                formatter.write_dl(rows)
