"""Figures of a server."""

from prometheus_client import parser

from vlmkit.chat import ChoiceFinished
from vlmkit.records import Usage
from vlmkit.server.metrics import ServerMetrics
from vlmkit.server.queues import Queues


def test_what_happened_is_counted_by_model():
    """Prompts of several choices count once, what was written counts for each."""
    queues, metrics = Queues(["m", "n"]), ServerMetrics()
    choice = ChoiceFinished("stop", Usage(prompt_tokens=5, completion_tokens=2))
    metrics.note_load("m", is_well=True)
    metrics.note_turn("m", 0.3)
    metrics.note_piece("m", 0.5)
    metrics.note_answer("m", 1.0, [choice, choice])
    metrics.note_failure("n", None)
    queues.enter("n")
    figures = metrics.written(queues.models.values()).decode()
    for line in (
        'vlmkit_prompt_tokens_total{model_name="m"} 5.0',
        'vlmkit_generation_tokens_total{model_name="m"} 4.0',
        'vlmkit_request_success_total{finished_reason="stop",model_name="m"} 2.0',
        'vlmkit_request_failures_total{code="error",model_name="n"} 1.0',
        'vlmkit_model_loads_total{model_name="m",outcome="loaded"} 1.0',
        'vlmkit_num_requests_waiting{model_name="n"} 1.0',
        'vlmkit_time_to_first_token_seconds_count{model_name="m"} 1.0',
        'vlmkit_seconds_since_last_token{model_name="m"} 0.0',
    ):
        assert line in figures
    assert metrics.tokens_written == 4


def test_prometheus_reads_them():
    """With its own parser, whatever a model is called; the buckets of a histogram add up to its count."""
    name = 'my "7B"\\\\new'
    queues, metrics = Queues([name]), ServerMetrics()
    for seconds in (0.02, 0.3, 5000.0):
        metrics.note_piece(name, seconds)
    figures = metrics.written(queues.models.values()).decode()
    families = {family.name: family for family in parser.text_string_to_metric_families(figures)}
    samples = families["vlmkit_time_to_first_token_seconds"].samples
    assert {sample.labels["model_name"] for sample in samples} == {name}
    within = [sample.value for sample in samples if sample.name.endswith("_bucket")]
    assert (within, within[-1]) == (sorted(within), 3.0)
    assert families["vlmkit_model_loaded"].samples[0].value == 0.0


def test_the_pace_is_that_of_the_last_ten_seconds(monkeypatch):
    """What ended earlier says nothing about now, and is not kept."""
    now_s = [100.0]
    monkeypatch.setattr("vlmkit.server.metrics.time.monotonic", lambda: now_s[0])
    metrics = ServerMetrics()
    assert metrics.tokens_per_s == 0.0
    for moment_s, written in ((100.0, 50), (108.0, 30), (112.0, 20)):
        now_s[0] = moment_s
        metrics.note_answer("m", 1.0, [ChoiceFinished("stop", Usage(completion_tokens=written))])
    assert metrics.tokens_per_s == 5.0
    now_s[0] = 130.0
    assert (metrics.tokens_per_s, metrics.tokens_written) == (0.0, 100)


def test_servers_of_one_process_count_apart():
    """Each has its own registry."""
    first, second = ServerMetrics(), ServerMetrics()
    first.note_load("m", is_well=True)
    assert b"model_loads_total{" not in second.written([])
