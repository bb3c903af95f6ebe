"""A stranger's template is rendered as transformers renders it, and ended where it takes too much."""

import os
import signal
import subprocess
import threading

import pytest

from vlmkit.engines import rendering
from vlmkit.engines.rendering import Renderer
from vlmkit.errors import Refused

MESSAGES = [
    {"role": "system", "content": 'Be <brief> & "kind".'},
    {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Wo? 東京 é"}]},
]
VALUES = {"messages": MESSAGES, "tools": None, "documents": None, "add_generation_prompt": True, "bos_token": "<s>"}


@pytest.fixture(scope="module")
def renderer():
    own = Renderer()
    yield own
    own.close()


HONEST = {
    "loops": "{%- for m in messages %}\n  {{- '[' ~ m.role ~ ']' }}\n{%- endfor %}\n{{ bos_token }}",
    "json": "{{ messages | tojson }}{{ messages|tojson(indent=2) }}{{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }}",
    "namespace": "{% set n = namespace(i=0) %}{% for m in messages %}{% set n.i = n.i + 1 %}{% endfor %}{{ n.i }}",
    "dict": "{{ dict(a=1)['a'] }}{{ dict.fromkeys(['x'], 2)['x'] }}",
    "break": "{% for m in messages %}{% if loop.index == 2 %}{% break %}{% endif %}{{ m.role }}{% endfor %}",
    "generation": "{% generation %}{{ messages[0].content }}{% endgeneration %}",
    "year": "{{ strftime_now('%Y') }}",
    "none": "{{ tools is none }}{{ documents }}{{ nothing is defined }}{{ nothing }}",
    "methods": "{{ messages[0].content.split(' ')[-1].upper().strip('.') }}{{ messages[0].get('x', 'y') }}",
    "blocks": "a\n  {% if true %}\n  b\n  {% endif %}\nc\n",
}


@pytest.mark.parametrize("template", HONEST.values(), ids=HONEST)
def test_an_honest_template_comes_out_as_transformers_has_it(renderer, template):
    """Character by character."""
    from transformers.utils.chat_template_utils import render_jinja_template

    expected, _ = render_jinja_template([MESSAGES], None, None, template, add_generation_prompt=True, bos_token="<s>")
    assert renderer.render(template, VALUES, name="m") == expected[0]


LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
GREEDY = {
    "times": "{{ 'a' * 3000000000 }}",
    "times at run time": "{{ bos_token * 2000000000 }}",
    "loops": LOOP,
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "center": "{{ 'a'|center(2000000000) }}",
    "indent": "{{ 'a\nb'|indent(2000000000) }}",
    "replace": "{{ ('a'*1000000)|replace('a', 'b'*1000000) }}",
    "percent": "{{ '%2000000000d' % 1 }}",
    "format": "{{ '{:>2000000000}'.format(1) }}",
    "just": "{{ bos_token.ljust(2000000000) }}",
    "lists": "{{ [1]*2000000000 }}",
    "doubling": "{% set n=namespace(x='aa') %}{% for i in range(60) %}{% set n.x=n.x~n.x %}{% endfor %}{{ n.x }}",
    "nesting": "{% set n=namespace(x=[1]) %}{% for i in range(60) %}{% set n.x=[n.x,n.x] %}{% endfor %}{{ n.x }}",
    "round": "{{ 1|round(1000000000, 'ceil') }}",
    "power": "{{ (9**99999999) is odd }}",
    "parentheses": "{{" + "(" * 100000 + "1" + ")" * 100000 + "}}",
    "a long text": "{% for i in range(90000) %}" + "x" * 1000 + "{% endfor %}",
}


@pytest.mark.parametrize("template", GREEDY.values(), ids=GREEDY)
def test_what_takes_too_much_is_refused(renderer, template):
    """Whatever it takes too much of; the next template is rendered as if nothing had been."""
    with pytest.raises(Refused, match=r"^mlx:m: its chat template .*Get the model again"):
        renderer.render(template, VALUES, name="mlx:m")
    assert renderer.render("{{ messages[0].role }}", VALUES, name="m") == "system"


def test_what_a_template_raises_is_told(renderer):
    """By its own words, without the process having to be started anew."""
    faults = {
        "{{ raise_exception('No such role') }}": "TemplateError: No such role",
        "{{ ''.__class__.x }}": "SecurityError: access to attribute '__class__'",
        "{% set n = namespace(_x=1) %}": "SecurityError: a namespace keeps no '_x'",
        "{{ messages.append(1) }}": "SecurityError",
        "{% include 'x' %}": "TypeError: no loader",
        "{% for %}": "TemplateSyntaxError",
        "{{ range(10**9) }}": "OverflowError: Range too big",
        "{{ 1 / 0 }}": "ZeroDivisionError",
    }
    process = renderer._process
    for template, message in faults.items():
        with pytest.raises(ValueError, match=message):
            renderer.render(template, VALUES, name="m")
    assert renderer._process is process


def test_a_process_that_is_gone_or_stopped_is_replaced():
    """Killed from outside, or not heard of any more."""
    own = Renderer(patience_s=1.0)
    for number in (signal.SIGKILL, signal.SIGSTOP):
        own.prepare()
        os.kill(own._process.pid, number)
        with pytest.raises(Refused, match="was stopped"):
            own.render("{{ messages[0].role }}", VALUES, name="m")
        assert own.render("{{ messages[0].role }}", VALUES, name="m") == "system"
    own.close()
    own.close()


def test_several_threads_share_a_process(renderer):
    """Each gets its own text."""
    texts = {}

    def ask(number):
        for _ in range(20):
            texts.setdefault(number, set()).add(renderer.render("{{ n }}", {"n": number}, name="m"))

    threads = [threading.Thread(target=ask, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {number: {str(number)} for number in range(4)}


def test_without_a_process_the_ask_is_refused(monkeypatch):
    """No executable, no right to start one."""

    def refuse(*_, **__):
        raise PermissionError("no")

    monkeypatch.setattr(rendering, "start", refuse)
    own = Renderer()
    own.prepare()
    with pytest.raises(Refused, match="no process could be started"):
        own.render("x", {}, name="m")


def test_the_process_ends_with_the_program(fresh_python):
    """However that ends; nothing is written to the terminal."""
    for ending in ("", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"):
        done = fresh_python(
            "from vlmkit.engines import rendering\n"
            "assert rendering.render('x', {}, name='m') == 'x'\n"
            "print(rendering._renderer._process.pid, flush=True)\n" + ending,
            check=False,
        )
        assert done.stderr == ""
        number = int(done.stdout)
        for _ in range(200):
            if not _is_running(number):
                break
            threading.Event().wait(0.05)
        assert not _is_running(number)


def _is_running(number):
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True, check=False).stdout
    return not state.startswith("Z")
