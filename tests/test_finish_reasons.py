"""Finish reasons, in the spellings of many dialects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.finish_reasons import UNKNOWN, Ending, ending_of

HONEST = """
stop STOP Stop end_turn stop_sequence STOP_SEQUENCE eos eos_token EOS stop_token stop_str stop-word COMPLETE
completed done finished FINISH_REASON_STOP finishReasonStop FINISH_REASON_UNSPECIFIED end_of_text <|eot_id|> null
None unknown success
"""
CUT = """
length LENGTH max_tokens MAX_TOKENS maxTokens max_output_tokens model_context_window_exceeded model_length
max_length MAX-LENGTH token_limit context_length_exceeded truncated incomplete timeout pause_turn
FINISH_REASON_MAX_TOKENS ERROR_LIMIT max_new_tokens tokens_limit_reached
"""
DECLINED = """
content_filter contentFilter CONTENT_FILTERED content_filtered refusal refused SAFETY RECITATION BLOCKLIST
PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION FINISH_REASON_SAFETY LANGUAGE
MODEL_ARMOR guardrail_intervened sensitive ERROR_TOXIC moderation_blocked policy_violation safety_violation
"""
BROKEN = """
error abort aborted cancelled canceled OTHER IMAGE_OTHER MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL tool_calls
function_call tool_use network_error insufficient_system_resource load tired stop_by_error unknown_error 42
TOO_MANY_TOOL_CALLS NO_IMAGE
"""


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        *((reason, Ending.WHOLE) for reason in ["", " ", UNKNOWN, *HONEST.split()]),
        *((reason, Ending.CUT) for reason in CUT.split()),
        *((reason, Ending.DECLINED) for reason in DECLINED.split()),
        *((reason, Ending.BROKEN) for reason in [*BROKEN.split(), "停止", "?"]),
    ],
)
def test_what_a_reason_means(reason, ending):
    """In any spelling; a word that nobody knows is not an honest end."""
    assert ending_of(reason) is ending
    assert ending_of(reason.lower()) is ending


@given(st.text(max_size=40))
def test_any_reason_means_something(reason):
    """A server may write whatever it likes."""
    assert ending_of(reason) in Ending
