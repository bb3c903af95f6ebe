"""A Python function as a tool: types and docstring as a JSON schema, and JSON as arguments of these types."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from vlmkit.agent.docstrings import read_docstring
from vlmkit.errors import BadSchema, ToolError
from vlmkit.untrusted import quoted

__all__ = ["TypedFunction"]

_NAMED = frozenset({inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY})


class TypedFunction:
    """A function that checks the arguments it is called with, and gets them in the types it names.

    Parameters
    ----------
    function : callable
        Each of its parameters has a type that JSON can be read as: str, int, float, bool, ``Literal``, Enum, list,
        dict, dataclass, pydantic model and so on; ``Annotated[int, Field(ge=1)]`` says more of it.

    Attributes
    ----------
    description : str
        What its docstring says of it.
    parameters : dict
        JSON schema of the arguments, with what the docstring says of each.

    Raises
    ------
    BadSchema
        A parameter has no name, no type, or a type that JSON cannot be read as, or the function is asynchronous.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._label = getattr(function, "__name__", None) or type(function).__name__
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise BadSchema(f"{self._label}: it is an async function. Give a plain one, which returns its result.")
        self._signature = self._read(function)
        self.description, said = read_docstring(inspect.getdoc(function))
        self._arguments = self._model(said)
        self.parameters = self._arguments.model_json_schema(by_alias=True, schema_generator=_Plain)
        self.parameters.pop("title", None)

    def _read(self, function: Callable[..., Any]) -> inspect.Signature:
        try:
            return inspect.signature(function)
        except (TypeError, ValueError) as error:
            said = f"{self._label}: Python does not tell what it takes. Put it into a function with typed parameters."
            raise BadSchema(said) from error

    def _model(self, said: Mapping[str, str]) -> type[BaseModel]:
        """A model of the arguments; its fields are numbered, as a parameter may be called like anything of a model."""
        types = self._types()
        fields: dict[str, Any] = {}
        for number, parameter in enumerate(self._signature.parameters.values()):
            if parameter.kind not in _NAMED:
                message = f"{self._label}: {parameter} has no name of its own. Give each argument a name and a type."
                raise BadSchema(message)
            if parameter.name not in types:
                message = f"{self._label}: {parameter.name} has no type. Write it, as {parameter.name}: str."
                raise BadSchema(message)
            fields[f"field_{number}"] = _field(parameter, types[parameter.name], said.get(parameter.name))
        try:
            return create_model(self._label, __config__=ConfigDict(extra="forbid"), **fields)
        except (PydanticSchemaGenerationError, PydanticUserError, TypeError) as error:
            advice = "Give types that JSON can be read as, such as str, int, float, bool, list[str] or Literal."
            raise BadSchema(f"{self._label}: {str(error).partition('. ')[0]}. {advice}") from error

    def _types(self) -> dict[str, Any]:
        function = self._function
        while isinstance(function, functools.partial):
            function = function.func
        if inspect.isclass(function):
            function = function.__init__
        elif not inspect.isroutine(function):
            function = type(function).__call__
        try:
            return get_type_hints(inspect.unwrap(function), include_extras=True)
        except (NameError, TypeError, AttributeError) as error:
            advice = "Define the types of its parameters outside of functions."
            raise BadSchema(f"{self._label}: its types cannot be found ({error}). {advice}") from error

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function.

        Raises
        ------
        ToolError
            Arguments that it does not take; says which, and why.
        """
        try:
            checked = self._checked(*args, **kwargs)
        except (TypeError, ValidationError) as error:
            raise ToolError(f"The arguments do not fit: {_faults(error)}. It takes {self._taken()}.") from error
        names = zip(type(checked).model_fields, self._signature.parameters, strict=True)
        return self._function(**{name: getattr(checked, field) for field, name in names})

    def faults(self, arguments: Mapping[str, Any]) -> str:
        """What is wrong with arguments; empty where nothing is.

        Parameters
        ----------
        arguments : mapping
        """
        try:
            self._checked(**arguments)
        except (TypeError, ValidationError) as error:
            return f"{_faults(error)}. It takes {self._taken()}"
        return ""

    def _checked(self, *args: Any, **kwargs: Any) -> BaseModel:
        return self._arguments.model_validate(self._signature.bind_partial(*args, **kwargs).arguments)

    def _taken(self) -> str:
        names = [
            name if parameter.default is parameter.empty else f"{name} (optional)"
            for name, parameter in self._signature.parameters.items()
        ]
        return ", ".join(names) or "no arguments"


class _Plain(GenerateJsonSchema):
    """Without titles that only repeat names, and without defaults that are no JSON, which stay Python's own."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  pydantic's own hook
        return False

    def emit_warning(self, kind: Any, detail: str) -> None:
        """Say nothing: a default that is left out changes nothing for the model."""


def _field(parameter: inspect.Parameter, annotation: Any, said: str | None) -> tuple[Any, Any]:
    default = parameter.default
    if isinstance(default, FieldInfo):
        annotation, default = Annotated[annotation, default], parameter.empty
    options: dict[str, Any] = {"alias": parameter.name}
    if default is not parameter.empty:
        options["default"] = default
    if said and not _is_described(annotation):
        options["description"] = said
    return annotation, Field(**options)


def _is_described(annotation: Any) -> bool:
    notes = getattr(annotation, "__metadata__", ())
    return any(isinstance(note, FieldInfo) and note.description for note in notes)


def _faults(error: TypeError | ValidationError) -> str:
    if isinstance(error, TypeError):
        return str(error)
    faults = error.errors(include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {_said(fault)}" for fault in faults)


def _said(fault: Any) -> str:
    message = str(fault["msg"])
    return message if fault["type"] == "missing" else f"{message}, not {quoted(str(fault['input']))}"
