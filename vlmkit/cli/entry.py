"""The `vlmkit` command: collects the commands and turns how they end into an exit code.

0 everything worked · 1 some row failed, or the set-up · 2 the command was written wrongly · 130 interrupted
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import warnings
from collections.abc import Sequence

import click

from vlmkit.cli.commands.describe import describe
from vlmkit.cli.commands.doctor import doctor
from vlmkit.cli.commands.models import models
from vlmkit.cli.commands.runs import runs
from vlmkit.cli.output import say
from vlmkit.errors import VlmkitError

__all__ = ["main", "run"]

_FAILED = 1
_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(importlib.metadata.version("vlmkit"), prog_name="vlmkit")
def vlmkit() -> None:
    """Turn pictures into descriptions with a vision-language model."""


for _command in (describe, runs, models, doctor):
    vlmkit.add_command(_command)


def main() -> None:
    """Run the command line and leave with its exit code; what the installed ``vlmkit`` calls."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str
        Without the program's name.

    Returns
    -------
    int
        The exit code.
    """
    try:
        with warnings.catch_warnings():
            # To a person at a terminal the line of Python that warned means nothing.
            warnings.showwarning = lambda message, *_where, **_more: say(f"Warning: {message}")
            return int(vlmkit.main(list(arguments), prog_name="vlmkit", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("Interrupted.")
        return _INTERRUPTED
    except VlmkitError as error:
        say("\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])]))
        return _FAILED
    except BrokenPipeError:
        # Whoever read stdout has gone; Python would complain about it once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return _FAILED
