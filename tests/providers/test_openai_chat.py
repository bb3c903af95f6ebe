"""OpenAI's dialect without a network: every option has its word, every answer its few fields."""

import json

import pytest
from scripted_server import sse

from vlmkit.errors import Refused, ServerFault
from vlmkit.providers.dialect import AnswerPiece, RequestForm
from vlmkit.providers.hosts import ANY_SERVER, HOSTS
from vlmkit.providers.openai_chat import OPENAI_CHAT
from vlmkit.records import Ask, Constraint, Sampling, Token, Usage, one_question


def sent(host, streamed=False, **options):
    form = RequestForm(model="m", parameters=host.parameters)
    path, body = OPENAI_CHAT.request(Ask(messages=one_question("Hi"), **options), form, streamed)
    assert path == "/chat/completions"
    return json.loads(body)


EVERYTHING = Sampling(max_tokens=5, temperature=0.7, top_p=0.9, top_k=4, repetition_penalty=1.2, stop=("x",), seed=3)


def test_every_option_has_the_hosts_own_word():
    """VLLM's and LM Studio's differ, and so do OpenAI's."""
    payload = sent(HOSTS["vllm"], sampling=EVERYTHING)
    assert payload["messages"] == [{"role": "user", "content": "Hi"}]
    assert (payload["max_tokens"], payload["temperature"], payload["top_p"], payload["top_k"]) == (5, 0.7, 0.9, 4)
    assert (payload["repetition_penalty"], payload["stop"], payload["seed"]) == (1.2, ["x"], 3)
    assert sent(HOSTS["lmstudio"], sampling=EVERYTHING)["repeat_penalty"] == 1.2
    assert sent(HOSTS["openai"])["max_completion_tokens"] == 256
    assert "max_tokens" not in sent(HOSTS["openai"])


def test_neutral_options_are_left_out():
    """A server that does not know a word is not bothered with it."""
    assert set(sent(ANY_SERVER)) == {"model", "messages", "max_tokens", "temperature"}


def test_a_seed_belongs_to_chance():
    """Sampling at a temperature gets the seed also where it is 0: the same table every time."""
    assert sent(ANY_SERVER, sampling=Sampling(temperature=0.5))["seed"] == 0


def test_a_schema_is_enforced_where_the_host_can():
    """And left to the prompt where it cannot, or where it is not a schema."""
    schema = Constraint(kind="json_schema", text='{"type": "object"}')
    enforced = sent(HOSTS["vllm"], constraint=schema)["response_format"]["json_schema"]
    assert enforced == {"name": "answer", "schema": {"type": "object"}, "strict": True}
    assert "response_format" not in sent(HOSTS["lmstudio"], constraint=schema)
    assert "response_format" not in sent(HOSTS["vllm"], constraint=Constraint(kind="regex", text="a+"))


def test_streaming_asks_for_usage():
    """Which servers otherwise leave out."""
    payload = sent(ANY_SERVER, streamed=True)
    assert payload["stream"] is True
    assert payload["stream_options"] == {"include_usage": True}


def answer(**message):
    return {"choices": [{"finish_reason": "stop", "message": message}]}


def test_texts_may_come_in_parts():
    """Some servers answer with a list."""
    parts = [{"type": "text", "text": "a "}, {"type": "image"}, {"type": "text", "text": "star"}, "x", {"text": 3}]
    assert OPENAI_CHAT.read(answer(content=parts)).text == "a star"


@pytest.mark.parametrize(
    "usage",
    [
        None,
        3,
        [],
        {"prompt_tokens": "many"},
        {"prompt_tokens": True},
        {"prompt_tokens": -5},
        {"prompt_tokens": 10**4000},
    ],
)
def test_odd_usage_is_no_usage(usage):
    """A number that is none is not taken for one."""
    assert OPENAI_CHAT.read(answer(content="x") | {"usage": usage}).usage == Usage()


@pytest.mark.parametrize("reason", [None, 3, {}])
def test_no_reason_is_unknown(reason):
    """A reply always has a word there."""
    content = {"choices": [{"finish_reason": reason, "message": {"content": "x"}}]}
    assert OPENAI_CHAT.read(content).finish_reason == "unknown"


@pytest.mark.parametrize(
    "content", [None, 1, "text", [], {}, {"choices": None}, {"choices": [None]}, answer(), answer(content=3)]
)
def test_what_is_no_answer_is_a_fault(content):
    """Whatever JSON came."""
    with pytest.raises(ServerFault):
        OPENAI_CHAT.read(content)


def test_tokens_come_with_their_alternatives():
    """One more than wanted is asked for, as the chosen one is among them; characters cut in two are put together."""
    options = sent(HOSTS["vllm"], token_probabilities=True, alternatives=2)
    assert (options["logprobs"], options["top_logprobs"]) == (True, 3)
    assert sent(HOSTS["vllm"], token_probabilities=True, alternatives=50)["top_logprobs"] == 20
    fox = "🦊".encode()
    entries = [
        {
            "token": "a",
            "logprob": -0.1,
            "top_logprobs": [
                {"token": "c", "logprob": -9},
                {"token": "a", "logprob": -0.1},
                {"token": "b", "logprob": -3},
            ],
        },
        {"token": "\\xf0\\x9f", "bytes": list(fox[:2]), "logprob": 0.0},
        {"token": "\\xa6\\x8a", "bytes": list(fox[2:]), "logprob": -1, "top_logprobs": None},
    ]
    tokens = OPENAI_CHAT.read(probable(entries)).tokens
    assert [token.text for token in tokens] == ["a", "", "🦊"]
    assert [name for name, _ in tokens[0].alternatives] == ["b", "c"]
    assert tokens[1].probability == 1
    assert tokens[0].probability > tokens[0].alternatives[0][1] > tokens[0].alternatives[1][1] > 0


@pytest.mark.parametrize(
    "odd",
    [None, 3, {}, {"token": 1}, {"token": "x", "logprob": "low"}, {"token": "x", "logprob": float("nan")}],
)
def test_odd_tokens_are_left_out(odd):
    """What a server says is taken as far as it makes sense."""
    sound = {"token": "b", "bytes": [300], "logprob": 5, "top_logprobs": [odd]}
    assert OPENAI_CHAT.read(probable([odd, sound])).tokens == (Token(text="b", probability=1.0),)


def probable(entries):
    content = answer(content="ab")
    content["choices"][0]["logprobs"] = {"content": entries}
    return content


def test_a_refusal_is_in_its_own_field():
    """With the model's words, whatever stands beside them."""
    for content in (None, "", "A cat"):
        with pytest.raises(Refused, match="not this one"):
            OPENAI_CHAT.read(answer(content=content, refusal="not this one"))
    assert OPENAI_CHAT.read(answer(content="A cat", refusal=None)).text == "A cat"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("content", [None, "", " \n"])
def test_thoughts_alone_are_no_answer(name, content):
    """Never taken for one; beside a text they do not matter."""
    with pytest.raises(ServerFault, match=r"only thought.*raise max_tokens; or turn thinking off"):
        OPENAI_CHAT.read(answer(content=content, **{name: '{"caption": "a family"}'}))
    assert OPENAI_CHAT.read(answer(content="A cat", **{name: "hm"})).text == "A cat"


@pytest.mark.parametrize(("reason", "kind"), [("content_filter", Refused), ("tool_calls", ServerFault)])
def test_an_answer_without_text_names_its_reason(reason, kind):
    """What a filter withheld is refused; a tool that nobody offered is a fault."""
    content = {"choices": [{"finish_reason": reason, "message": {"content": None, "tool_calls": [{}]}}]}
    with pytest.raises(kind, match=reason):
        OPENAI_CHAT.read(content)


@pytest.mark.parametrize(
    ("delta", "kind", "words"),
    [({"reasoning_content": "hm"}, ServerFault, "only thought"), ({"refusal": "not this"}, Refused, "not this one")],
)
def test_a_stream_without_text_says_why(serve, opened, ask, delta, kind, words):
    """As an answer in one piece does; the refusal is put together."""
    second = dict.fromkeys(delta, " one")
    events = [{"choices": [{"delta": each, "finish_reason": None}]} for each in (delta, second)]
    events.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    with pytest.raises(kind, match=words):
        list(opened(serve(sse(*events))).stream(ask()))


def test_events_have_text_reason_or_usage():
    """Each what it has; the end has nothing."""
    event = {"choices": [{"delta": {"content": "a"}, "finish_reason": None}]}
    assert OPENAI_CHAT.read_event(json.dumps(event)) == AnswerPiece(text="a")
    assert OPENAI_CHAT.read_event('{"choices": [{"delta": {}, "finish_reason": "length"}]}').finish_reason == "length"
    assert OPENAI_CHAT.read_event('{"choices": [], "usage": {"completion_tokens": 2}}').usage.completion_tokens == 2
    assert OPENAI_CHAT.read_event(" [DONE]") == AnswerPiece(is_last=True)


def test_a_key_is_a_bearer():
    """And without one nothing is sent."""
    assert OPENAI_CHAT.headers("k") == {"authorization": "Bearer k"}
    assert OPENAI_CHAT.headers(None) == {}


def test_vllm_says_whether_a_stop_text_ended_the_answer():
    """Other servers do not; then it is a stop like any other."""
    choice = {"message": {"content": "one"}, "finish_reason": "stop"}
    for said, reason in (("END", "stop_sequence"), (2, "stop"), (None, "stop")):
        assert OPENAI_CHAT.read({"choices": [{**choice, "stop_reason": said}]}).finish_reason == reason
    cut = {**choice, "finish_reason": "length", "stop_reason": "END"}
    assert OPENAI_CHAT.read({"choices": [cut]}).finish_reason == "length"
