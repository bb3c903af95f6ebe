"""The table of verbs: every row leads to a function whose options a shell can give."""

import inspect

import pytest

from vlmkit.cli.derived_options import LEFT_OUT
from vlmkit.cli.running import command_of
from vlmkit.cli.verbs import VERBS
from vlmkit.extras import open_by_name


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
def test_a_row_makes_a_command(verb):
    """Each option has a help text, and none stands twice."""
    command = command_of(verb)
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    names = [name for parameter in options for name in (*parameter.opts, *parameter.secondary_opts)]
    assert len(set(names)) == len(names)
    assert [parameter.name for parameter in options if not parameter.help] == []
    assert command.help


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
def test_no_parameter_is_forgotten(verb):
    """What the function takes is an argument, an option, or left out by name."""
    parameters = list(inspect.signature(open_by_name(verb.function)).parameters.values())
    offered = {parameter.name for parameter in command_of(verb).params}
    offered |= {"budget", "format"}  # --budget-minutes and its neighbours; --from
    own = parameters[verb.source != "none" :]
    missing = {each.name for each in own if each.kind is not each.VAR_KEYWORD} - offered - LEFT_OUT - set(verb.without)
    assert missing == set()
