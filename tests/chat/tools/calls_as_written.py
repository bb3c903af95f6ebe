"""Calls as each family writes them: the opposite of reading, for tests."""

import json

_PYTHON = {True: "True", False: "False", None: "None"}


def _python(value):
    if isinstance(value, bool) or value is None:
        return _PYTHON[value]
    if isinstance(value, list):
        return f"[{', '.join(map(_python, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_python(key)}: {_python(each)}' for key, each in value.items())}}}"
    return repr(value)


def _gemma(value):
    if isinstance(value, str):
        return f'<|"|>{value}<|"|>'
    if isinstance(value, list):
        return f"[{','.join(map(_gemma, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{_gemma(each)}' for key, each in value.items())}}}"
    return json.dumps(value)


def _text(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _object(name, arguments, word="arguments"):
    return json.dumps({"name": name, word: arguments}, ensure_ascii=False)


def _objects(calls):
    return f"[{', '.join(_object(*call) for call in calls)}]"


def _each(write, between=""):
    return lambda calls: between.join(write(name, arguments) for name, arguments in calls)


def _qwen(name, arguments):
    values = "".join(f"<parameter={key}>\n{_text(value)}\n</parameter>\n" for key, value in arguments.items())
    return f"<tool_call>\n<function={name}>\n{values}</function>\n</tool_call>"


def _glm(name, arguments):
    pairs = (
        f"<arg_key>{key}</arg_key>\n<arg_value>\n{_text(value)}\n</arg_value>\n" for key, value in arguments.items()
    )
    return f"<tool_call>{name}\n{''.join(pairs)}</tool_call>"


def _minimax(name, arguments):
    values = "".join(f'<parameter name="{key}">\n{_text(value)}\n</parameter>\n' for key, value in arguments.items())
    return f'<invoke name="{name}">\n{values}</invoke>\n'


def _keywords(name, arguments):
    return f"{name}({', '.join(f'{key}={_python(value)}' for key, value in arguments.items())})"


def _deepseek(name, arguments):
    return f"<｜tool▁call▁begin｜>{name}<｜tool▁sep｜>{json.dumps(arguments)}<｜tool▁call▁end｜>"


def _fenced(name, arguments):
    head = f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}"
    return f"{head}\n```json\n{json.dumps(arguments)}\n```<｜tool▁call▁end｜>"


def _kimi(calls):
    written = (
        f"<|tool_call_begin|>functions.{name}:{number}<|tool_call_argument_begin|>{json.dumps(arguments)}"
        "<|tool_call_end|>"
        for number, (name, arguments) in enumerate(calls)
    )
    return f"<|tool_calls_section_begin|>{''.join(written)}<|tool_calls_section_end|>"


def _harmony(name, arguments):
    head = f"<|start|>assistant<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>"
    return f"{head}{json.dumps(arguments)}<|call|>"


WAYS = {
    "hermes": (_each(lambda *call: f"<tool_call>\n{_object(*call)}\n</tool_call>", "\n"),),
    "qwen3_coder": (_each(_qwen, "\n"),),
    "llama": (
        lambda calls: "<|python_tag|>" + "; ".join(_object(*call, "parameters") for call in calls),
        lambda calls: "; ".join(_object(*call, "parameters") for call in calls),
        _each(lambda name, arguments: f"<function={name}>{json.dumps(arguments)}</function>"),
    ),
    "pythonic": (
        lambda calls: f"<|tool_call_start|>[{_each(_keywords, ', ')(calls)}]<|tool_call_end|>",
        lambda calls: f"[{_each(_keywords, ', ')(calls)}]",
        lambda calls: f"<function_calls>\n{_each(_keywords, chr(10))(calls)}\n</function_calls>",
    ),
    "mistral": (
        _each(lambda name, arguments: f"[TOOL_CALLS]{name}[ARGS]{json.dumps(arguments)}"),
        _each(lambda name, arguments: f"[TOOL_CALLS]{name}[CALL_ID]a1b2c3d4e[ARGS]{json.dumps(arguments)}"),
        lambda calls: f"[TOOL_CALLS] {_objects(calls)}",
    ),
    "gemma": (_each(lambda name, arguments: f"<|tool_call>call:{name}{_gemma(arguments)}<tool_call|>"),),
    "glm": (_each(_glm, "\n"),),
    "deepseek": (
        lambda calls: f"<｜tool▁calls▁begin｜>{_each(_deepseek)(calls)}<｜tool▁calls▁end｜>",
        lambda calls: f"<｜tool▁calls▁begin｜>{_each(_fenced, chr(10))(calls)}<｜tool▁calls▁end｜>",
    ),
    "phi": (
        lambda calls: f"functools{_objects(calls)}",
        lambda calls: f"<|tool_call|>{_objects(calls)}<|/tool_call|>",
    ),
    "granite": (lambda calls: f"<|tool_call|>{_objects(calls)}", lambda calls: f"<tool_call>{_objects(calls)}"),
    "kimi": (_kimi,),
    "minimax": (lambda calls: f"<minimax:tool_call>\n{_each(_minimax)(calls)}</minimax:tool_call>",),
    "harmony": (_each(_harmony),),
    "json": (_objects, lambda calls: f"```json\n{_objects(calls)}\n```"),
}
"""By style, the ways in which its families write several calls, each a name and arguments."""
