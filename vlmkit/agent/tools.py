"""Tools: what a model may call, each with its name, its description and the JSON schema of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, overload

from vlmkit.agent.functions import TypedFunction
from vlmkit.agent.results import ToolResult
from vlmkit.agent.schemas import clean_schema, schema_faults
from vlmkit.errors import BadSetting, ToolError

__all__ = ["Tool", "ToolError", "tool"]


def _no_arguments() -> dict[str, Any]:
    return {"type": "object", "properties": {}}


@dataclass(frozen=True, kw_only=True, eq=False)
class Tool:
    """Something a model may call.

    Hints mean what they mean in the Model Context Protocol
    (https://modelcontextprotocol.io/specification/2025-11-25/schema#toolannotations); None is "not said".

    Attributes
    ----------
    name : str
        What its maker calls it.
    description : str, default ""
        What it does and when to use it, for the model.
    parameters : mapping
        JSON schema of its arguments, an object. The default has no arguments.
    call : callable
        Called with the arguments by their names. It returns a text, a picture in any form that vlmkit reads, anything
        JSON can say, a list of these, or a `ToolResult`; it raises `ToolError` with what the model should do instead.
    read_only : bool or None, default None
        Whether it changes nothing. What may change something is called only with a person's consent.
    destructive, idempotent, open_world : bool or None, default None
        Whether it can destroy something; whether twice is as once; whether it reaches beyond this machine.
    title : str or None, default None
        Its name for people.
    server : str or None, default None
        Name of the server it comes from; None where it is a function of this process.
    timeout_s : float or None, default None
        How long a call may take; None leaves it to whoever calls.

    Raises
    ------
    BadSetting
        It has no name, or parameters that are no object.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=_no_arguments, repr=False)
    call: Callable[..., Any] = field(repr=False)
    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None
    title: str | None = None
    server: str | None = None
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        _check(self.name, self.parameters)

    def __repr__(self) -> str:
        return f"Tool({self.display_name!r}, read_only={self.read_only})"

    @property
    def display_name(self) -> str:
        """The name for people, with its server where it has one: ``"memory::create_entities"``."""
        return f"{self.server}::{self.name}" if self.server else self.name

    @property
    def needs_consent(self) -> bool:
        """Whether a person must have named or approved it.

        Nobody need approve what changes nothing, nor a function that was handed over without a word on it; a server's
        tool that does not call itself read-only needs consent.
        """
        return self.read_only is False or (self.read_only is None and self.server is not None)

    @classmethod
    def from_function(
        cls, function: Callable[..., Any], *, name: str | None = None, description: str | None = None, **hints: Any
    ) -> Tool:
        """A function as a tool.

        Parameters
        ----------
        function : callable
            Its types give the schema of its arguments, its docstring (numpydoc, Google or Sphinx) their descriptions.
        name : str or None, default None
            None takes the function's.
        description : str or None, default None
            None takes what the docstring says before its sections.
        **hints
            ``read_only``, ``destructive``, ``idempotent``, ``open_world``, ``title``, ``timeout_s``.

        Raises
        ------
        BadSchema
            A parameter without a name, without a type, or with a type that JSON cannot be read as.
        BadSetting
            The function has no name and none is given, or a hint that there is not.
        """
        if not callable(function):
            raise BadSetting(f"{function!r} is no function. Give one that the model may call.")
        typed = TypedFunction(function)
        name = name or getattr(function, "__name__", "")
        if not name or name == "<lambda>":
            raise BadSetting("The function has no name that a model could call. Give name='…'.")
        try:
            return cls(
                name=name,
                description=typed.description if description is None else description,
                parameters=typed.parameters,
                call=typed,
                **hints,
            )
        except TypeError as error:
            known = "read_only, destructive, idempotent, open_world, title, timeout_s"
            raise BadSetting(f"{name}: {', '.join(map(repr, hints))} given; a tool has {known}.") from error

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it as the function that it is, and get what that returns.

        Raises
        ------
        ToolError
            Arguments that it does not take, or what its maker says with it.
        """
        return self.call(*args, **kwargs)

    def entry(self, name: str) -> dict[str, Any]:
        """The tool as OpenAI's chat dialect offers it.

        Parameters
        ----------
        name : str
            What the model calls it.
        """
        function: dict[str, Any] = {"name": name, "parameters": clean_schema(self.parameters)}
        if said := self.description or self.title:
            function["description"] = said
        return {"type": "function", "function": function}

    def faults(self, arguments: Mapping[str, Any]) -> str:
        """What is wrong with arguments of a call; empty where nothing is.

        Parameters
        ----------
        arguments : mapping

        Raises
        ------
        MissingExtra
            The package that reads schemas is not installed; functions do without.
        """
        if isinstance(self.call, TypedFunction):
            return self.call.faults(arguments)
        return schema_faults(self.parameters, arguments)

    def run(self, arguments: Mapping[str, Any]) -> ToolResult:
        """Call it as a model does.

        Parameters
        ----------
        arguments : mapping
            As JSON has them.

        Raises
        ------
        ToolError
            Arguments that do not keep to `parameters`, or what its maker says with it: what a model can mend. Anything
            else that the function raises comes out as it is.
        """
        if faults := self.faults(arguments):
            raise ToolError(f"The arguments do not fit: {faults}.")
        return ToolResult.of(self.call(**arguments))


def _check(name: object, parameters: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise BadSetting(f"name={name!r}: give the tool's name as a text.")
    if not isinstance(parameters, Mapping):
        said = f"{name}: parameters are of type {type(parameters).__name__}. Give a JSON schema as a dict."
        raise BadSetting(said)


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...


@overload
def tool(
    *, name: str | None = None, description: str | None = None, **hints: Any
) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(function: Callable[..., Any] | None = None, /, **options: Any) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a function a tool; as a decorator, with or without options.

    Parameters
    ----------
    function : callable
    **options
        As for `Tool.from_function`.

    Returns
    -------
    Tool
        Which can still be called as the function.

    Raises
    ------
    SetupError
        As `Tool.from_function`.

    Examples
    --------
    >>> @tool
    ... def add(a: int, b: int) -> int:
    ...     "Add two numbers."
    ...     return a + b
    >>> add(2, 3), add.run({"a": 2, "b": 3}).text
    (5, '5')
    """
    if function is not None:
        return Tool.from_function(function, **options)
    return lambda decorated: Tool.from_function(decorated, **options)
