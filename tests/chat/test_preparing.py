"""A request becomes one ask for each choice; what the model cannot do is refused by name."""

import pytest

from vlmkit.backends import Abilities
from vlmkit.chat import ChatAdapter, ChatError, ChatLimits
from vlmkit.errors import BadSetting

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
SEEDED = Abilities(seed=True)


def asks(backend, fields, **limits):
    return ChatAdapter(backend, limits=ChatLimits(**limits)).prepare(fields).asks


def test_choices_have_seeds_in_a_row(fake, body):
    """With the client's own seed the same answers come again."""
    backend = fake()
    assert [ask.sampling.seed for ask in asks(backend, body(seed=5, n=3))] == [5, 6, 7]
    assert [ask.sampling.seed for ask in asks(backend, body(seed=2**63 - 1, n=2))] == [2**63 - 1, -(2**63)]


def test_without_a_seed_each_request_has_another(fake, body):
    """Where tokens are drawn by chance; a greedy answer has none, and a server that takes none gets none."""
    backend = fake(abilities=SEEDED)
    drawn = {ask.sampling.seed for _ in range(4) for ask in asks(backend, body(n=2))}
    assert len(drawn) == 8
    assert asks(backend, body(temperature=0))[0].sampling.seed == 0
    assert [ask.sampling.seed for ask in asks(fake(), body(n=2))] == [0, 0]


@pytest.mark.core_model
def test_the_bundled_model_repeats_what_has_a_seed(tiny, body):
    """Equal seeds give equal answers, one ask for two choices or two asks for one."""
    adapter = ChatAdapter(tiny)
    request = body("Describe the picture.", temperature=2, max_tokens=12, seed=11)
    pair = [choice["message"]["content"] for choice in adapter.complete({**request, "n": 2})["choices"]]
    alone = [adapter.complete({**request, "seed": seed})["choices"][0]["message"]["content"] for seed in (11, 12)]
    assert pair == alone
    assert pair[0] != pair[1]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [TOOL]}, "tools"),
        ({"messages": [{"role": "function", "name": "look", "content": "1"}]}, "messages"),
    ],
)
def test_what_a_model_cannot_do_is_refused_by_name(fake, body, fields, param):
    """Before it is asked, and not left out silently."""
    backend = fake(abilities=Abilities())
    with pytest.raises(ChatError) as found:
        asks(backend, body(**fields))
    assert (found.value.status, found.value.param, found.value.code) == (400, param, "unsupported_parameter")
    assert backend.asks == []


def test_tools_that_must_not_be_called_need_no_ability(fake, body):
    """Clients leave them in the request and say none."""
    assert asks(fake(abilities=Abilities(tools=False)), body(tools=[TOOL], tool_choice="none"))


def test_what_submitting_would_refuse_is_refused_before(fake, body):
    """Before the first byte of a stream; a blank question is none of it, as people say nothing in a chat, too."""
    backend = fake("Hello?")
    assert ChatAdapter(backend).complete(body("  "))["choices"][0]["message"]["content"] == "Hello?"

    def refuse(_ask):
        raise BadSetting("not this.")

    backend.check = refuse
    with pytest.raises(ChatError, match="not this") as found:
        ChatAdapter(backend).stream(body())
    assert found.value.status == 400


@pytest.mark.core_model
def test_a_bad_schema_says_so(tiny, body):
    """With a code of its own."""
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nothing"}}}
    with pytest.raises(ChatError) as found:
        asks(tiny, body(response_format=wanted))
    assert (found.value.param, found.value.code) == ("response_format", "invalid_schema")


@pytest.mark.core_model
def test_the_bundled_model_keeps_to_a_schema(tiny, body):
    """The answer is JSON of it."""
    import json

    schema = {
        "type": "object",
        "properties": {"circles": {"type": "integer", "minimum": 0, "maximum": 9}},
        "required": ["circles"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "count", "schema": schema}}
    answer = ChatAdapter(tiny).complete(body("How many circles?", response_format=wanted, temperature=0))
    assert json.loads(answer["choices"][0]["message"]["content"]).keys() == {"circles"}


def test_limits_stand_in_for_what_is_not_said(fake, body):
    """Longest answer, temperature and deadline."""
    ask = asks(fake(), body(), max_tokens=7, temperature=0.25, timeout_s=9.0)[0]
    assert (ask.sampling.max_tokens, ask.sampling.temperature, ask.timeout_s) == (7, 0.25, 9.0)
