"""Whose turn it is: by a clock of the test's own, and whatever happens in whatever order."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from vlmkit.server.queues import Queues
from vlmkit.server.tickets import Cancel, Close, Load, ModelState, Phase, QueueLimits, Refusal, Refuse, Start


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


class House:
    """Queues whose actions are done at once, but for answers: these end when the test says so."""

    def __init__(self, *names, slots=2, broken=(), **limits):
        self.clock = Clock()
        self.queues = Queues(names, QueueLimits(**limits), now=self.clock)
        self.slots, self.broken = slots, set(broken)
        self.done = []

    def advance(self, passed_s=0.0):
        self.clock.now_s += passed_s
        while actions := self.queues.advance():
            for action in actions:
                self.done.append(action)
                self.perform(action)
        return self

    def perform(self, action):
        if isinstance(action, Load) and action.model in self.broken:
            self.queues.load_failed(action.model, OSError("no such file"))
        elif isinstance(action, Load):
            self.queues.loaded(action.model, self.slots)
        elif isinstance(action, Close):
            self.queues.closed(action.model)

    def enter(self, model, **options):
        ticket = self.queues.enter(model, **options)
        self.advance()
        return ticket

    def end(self, ticket):
        self.queues.end(ticket)
        self.advance()

    @property
    def loads(self):
        return [action.model for action in self.done if isinstance(action, Load)]


def test_the_first_request_loads_its_model_and_has_its_turn():
    """A model is loaded when somebody wants it."""
    house = House("a", "b")
    ticket = house.enter("a")
    assert house.done == [Load("a"), Start(ticket)]
    assert house.queues.status(ticket).phase is Phase.PROCESSING


def test_requests_of_one_model_wait_for_one_load_and_start_in_order():
    """Many that come while it is loaded are one load."""
    house = House("a", slots=10)
    tickets = [house.queues.enter("a") for _ in range(5)]
    house.advance()
    assert house.loads == ["a"]
    assert [action.ticket for action in house.done if isinstance(action, Start)] == tickets


def test_a_full_queue_refuses_and_those_being_answered_do_not_count():
    """Ten wait, two are answered: the next one is refused at once."""
    house = House("a", slots=2)
    tickets = [house.enter("a") for _ in range(13)]
    assert [ticket.refusal for ticket in tickets] == [None] * 12 + [Refusal.QUEUE_FULL]
    house.end(tickets[0])
    assert house.enter("a").refusal is None


def test_one_who_leaves_lets_the_others_move_up():
    """Positions are counted from 1, and times are told once answers told them."""
    house = House("a", slots=1)
    first, second, third = (house.enter("a") for _ in range(3))
    assert (house.queues.status(third).position, house.queues.status(third).eta_s) == (2, None)
    house.end(second)
    assert house.queues.status(third).position == 1
    house.clock.now_s += 4
    house.end(first)
    assert third.began_s == house.clock.now_s
    assert house.queues.eta_s("a") == 4.0


def test_an_idle_model_makes_room_at_once_and_a_busy_one_does_not():
    """The old model is closed after its last answer, never under it."""
    house = House("a", "b")
    running = house.enter("a")
    waiting = house.enter("b")
    assert house.queues.status(waiting).phase is Phase.WAITING_FOR_MODEL
    assert Close("a") not in house.done
    house.end(running)
    assert house.done[-3:] == [Close("a"), Load("b"), Start(waiting)]


def test_a_steady_stream_of_requests_keeps_nobody_out():
    """After the time that is granted, later requests wait behind the other model's turn."""
    house = House("a", "b", slots=1, switch_wait_s=5.0)
    running = [house.enter("a")]
    other = house.enter("b")
    late = []
    for _ in range(20):
        if other.began_s is None:
            running.append(house.enter("a"))
        house.advance(1.0)
        house.end(running[0])
        late = [ticket for ticket in running if ticket.began_s is None]
        running = [ticket for ticket in running if not ticket.has_ended] or [house.enter("a")]
    assert other.began_s is not None
    assert other.began_s - other.entered_s <= 5.0 + 2.0
    assert all(ticket.number > other.number for ticket in late)


def test_in_a_closed_turn_those_in_line_before_are_still_answered():
    """Nobody who came in time is put behind the switch."""
    house = House("a", "b", slots=1)
    first, second = house.enter("a"), house.enter("a")
    other = house.enter("b")
    house.advance(6.0)
    third = house.enter("a")
    house.end(first)
    assert second.began_s is not None
    house.end(second)
    assert (other.began_s is not None, third.began_s) == (True, None)
    assert house.queues.status(third).phase is Phase.WAITING_FOR_MODEL


def test_a_turn_is_opened_again_when_nobody_waits_for_the_other_model():
    """Whoever wanted to switch has left."""
    house = House("a", "b", slots=1)
    first = house.enter("a")
    other = house.enter("b")
    house.advance(6.0)
    late = house.enter("a")
    house.end(other)
    house.end(first)
    assert late.began_s is not None
    assert house.loads == ["a"]


def test_answers_that_do_not_end_are_cancelled_and_their_turn_goes_on_later():
    """A switch waits for answers so long and no longer; who was still in line stays first."""
    house = House("a", "b", slots=1, drain_timeout_s=120.0, request_timeout_s=1000.0)
    endless, second = house.enter("a"), house.enter("a")
    other = house.enter("b")
    house.advance(6.0)
    house.advance(120.0)
    assert (house.done[-1], endless.refusal) == (Cancel(endless), Refusal.MODEL_SWITCH)
    assert not endless.has_ended
    house.end(endless)
    assert (other.began_s is not None, second.began_s) == (True, None)
    house.end(other)
    assert second.began_s is not None


def test_the_least_recently_used_model_makes_room():
    """With room for two, the third takes the place of the one that was idle for longest."""
    house = House("a", "b", "c", max_loaded=2)
    for name in "aba":
        house.clock.now_s += 1
        house.end(house.enter(name))
    house.enter("c")
    assert [action for action in house.done if isinstance(action, Close)] == [Close("b")]


def test_a_failed_load_refuses_its_queue_and_is_not_tried_again_at_once():
    """Other models keep working; after a while somebody may try again."""
    house = House("a", "b", broken=["b"], load_retry_s=10.0)
    house.end(house.enter("a"))
    tickets = [house.queues.enter("b") for _ in range(3)]
    house.advance()
    assert {ticket.refusal for ticket in tickets} == {Refusal.MODEL_LOAD_FAILED}
    assert house.enter("b").refusal is Refusal.MODEL_LOAD_FAILED
    assert house.loads == ["a", "b"]
    assert house.enter("a").began_s is not None
    house.broken.clear()
    house.advance(11.0)
    house.end(house.queues.enter("a"))
    later = house.enter("b")
    assert (later.refusal, house.loads) == (None, ["a", "b", "a"])


def test_the_wait_of_a_whole_answer_is_shorter_than_that_of_a_stream():
    """Who is told nothing waits half a minute, who is told how it stands ten."""
    house = House("a", slots=1)
    house.enter("a")
    whole, streamed = house.enter("a"), house.enter("a", is_streamed=True)
    house.advance(29.9)
    assert not whole.has_ended
    house.advance(0.2)
    assert (whole.refusal, house.done[-1], streamed.has_ended) == (Refusal.QUEUE_TIMEOUT, Refuse(whole), False)
    house.advance(600.0)
    assert streamed.refusal is Refusal.QUEUE_TIMEOUT


def test_selecting_a_model_loads_it_unless_another_is_coming():
    """Twice is fine; during another switch it is a conflict."""
    house = House("a", "b", "c")
    assert house.queues.select("a") == "initiated"
    assert house.queues.select("a") == "initiated"
    assert house.queues.select("b") == "conflict"
    house.advance()
    assert house.queues.select("a") == "already_active"
    busy = house.enter("a")
    assert house.queues.select("b") == "initiated"
    assert house.queues.select("c") == "conflict"
    house.end(busy)
    assert house.loads == ["a", "b"]


def test_an_idle_model_is_unloaded_counted_from_its_last_answer():
    """Not from its load."""
    house = House("a", idle_unload_s=60.0)
    ticket = house.enter("a")
    house.advance(100.0)
    house.end(ticket)
    house.advance(59.0)
    assert Close("a") not in house.done
    house.advance(2.0)
    assert house.done[-1] == Close("a")


def test_a_request_for_several_answers_takes_their_slots():
    """One for more than there are runs alone, and in its order."""
    house = House("a", slots=4)
    one, many, after = house.enter("a"), house.enter("a", weight=8), house.enter("a")
    assert (one.began_s is not None, many.began_s, after.began_s) == (True, None, None)
    house.end(one)
    assert (many.began_s is not None, after.began_s) == (True, None)


def test_a_stop_refuses_who_waits_lets_answers_end_and_closes_all():
    """What takes too long is cancelled."""
    house = House("a", "b", slots=1, shutdown_timeout_s=30.0)
    running, waiting = house.enter("a"), house.enter("b", is_streamed=True)
    house.queues.shut_down()
    house.advance()
    assert (waiting.refusal, running.refusal) == (Refusal.SHUTTING_DOWN, None)
    assert house.enter("a").refusal is Refusal.SHUTTING_DOWN
    house.advance(31.0)
    assert (running.refusal, house.queues.is_over) == (Refusal.SHUTTING_DOWN, False)
    house.end(running)
    assert (house.done[-1], house.queues.is_over) == (Close("a"), True)


class Story(RuleBasedStateMachine):
    """Requests come, leave and end, models load, fail and close, and time passes: in any order."""

    @initialize(
        max_loaded=st.integers(1, 2),
        slots=st.integers(1, 3),
        queue_size=st.integers(1, 4),
        idle_unload_s=st.none() | st.just(7.0),
    )
    def open(self, max_loaded, slots, queue_size, idle_unload_s):
        self.clock, self.slots = Clock(), slots
        limits = QueueLimits(max_loaded=max_loaded, queue_size=queue_size, idle_unload_s=idle_unload_s, load_retry_s=3)
        self.queues = Queues("abc", limits, now=self.clock)
        self.tickets = []

    def advance(self):
        for action in self.queues.advance():
            if isinstance(action, Close):
                assert not self.queues.models[action.model].running
            if isinstance(action, Start):
                earlier = [
                    t for t in self.tickets if t.model == action.ticket.model and t.number < action.ticket.number
                ]
                assert all(t.began_s is not None or t.has_ended for t in earlier)
                assert not action.ticket.has_ended
            if isinstance(action, Refuse | Cancel):
                assert action.ticket.refusal is not None
        assert self.queues.advance() == []

    @rule(model=st.sampled_from("abc"), is_streamed=st.booleans(), weight=st.integers(1, 4))
    def enter(self, model, is_streamed, weight):
        ticket = self.queues.enter(model, is_streamed=is_streamed, weight=weight)
        assert (ticket.refusal is not None) == ticket.has_ended
        self.tickets.append(ticket)
        self.advance()

    @precondition(lambda self: any(not ticket.has_ended for ticket in self.tickets))
    @rule(data=st.data())
    def one_ends_or_leaves(self, data):
        open_tickets = [ticket for ticket in self.tickets if not ticket.has_ended]
        self.queues.end(data.draw(st.sampled_from(open_tickets)))
        self.advance()

    @precondition(lambda self: self.in_state(ModelState.LOADING))
    @rule(is_well=st.booleans())
    def a_load_ends(self, is_well):
        (model,) = self.in_state(ModelState.LOADING)
        if is_well:
            self.queues.loaded(model, self.slots)
        else:
            self.queues.load_failed(model, OSError("broken"))
        self.advance()

    @precondition(lambda self: self.in_state(ModelState.CLOSING))
    @rule()
    def a_model_is_closed(self):
        (model,) = self.in_state(ModelState.CLOSING)
        self.queues.closed(model)
        self.advance()

    @rule(passed_s=st.sampled_from([0.1, 1.0, 2.5, 6.0, 31.0, 125.0]))
    def time_passes(self, passed_s):
        self.clock.now_s += passed_s
        self.advance()

    @rule(model=st.sampled_from("abc"))
    def select(self, model):
        self.queues.select(model)
        self.advance()

    @rule()
    def stop(self):
        if len(self.tickets) > 12:  # most stories go on for a while
            self.queues.shut_down()
            self.advance()

    def in_state(self, *states):
        return [name for name, queue in self.queues.models.items() if queue.state in states]

    @invariant()
    def one_change_at_a_time_and_no_more_in_memory_than_allowed(self):
        assert len(self.in_state(ModelState.LOADING, ModelState.CLOSING)) <= 1
        held = self.in_state(ModelState.LOADING, ModelState.CLOSING, ModelState.LOADED)
        assert len(held) <= self.queues.limits.max_loaded

    @invariant()
    def nobody_waits_longer_than_allowed(self):
        for queue in self.queues.models.values():
            assert len(queue.waiting) <= self.queues.limits.queue_size + queue.slots
            assert queue.running_weight <= queue.slots or len(queue.running) == 1
            for ticket in queue.waiting:
                limits = self.queues.limits
                limit_s = limits.stream_timeout_s if ticket.is_streamed else limits.request_timeout_s
                assert self.clock.now_s - ticket.entered_s < limit_s

    def teardown(self):
        """Loads succeed, answers take a second each: everybody has had a turn before the time of one drain is over."""
        if not hasattr(self, "queues"):
            return
        open_tickets = [ticket for ticket in self.tickets if not ticket.has_ended]
        for _ in range(300):
            for name in self.in_state(ModelState.LOADING):
                self.queues.loaded(name, self.slots)
            for name in self.in_state(ModelState.CLOSING):
                self.queues.closed(name)
            self.advance()
            self.clock.now_s += 1.0
            for ticket in open_tickets:
                if ticket.began_s is not None:
                    self.queues.end(ticket)
            self.advance()
        assert all(ticket.has_ended for ticket in open_tickets)
        assert {t.refusal for t in open_tickets} <= {None, *Refusal} - {Refusal.QUEUE_FULL}
        if self.queues.is_stopping:
            assert self.queues.is_over


TestStory = Story.TestCase
TestStory.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_streams_of_requests_for_three_models_share_one_place():
    """Under a steady load of all three, each gets its turn, in the order in which they were wanted."""
    house = House("a", "b", "c", slots=1, request_timeout_s=1000.0)
    running = []
    for step in range(120):
        running += [house.enter(name) for name in "abc" if len(house.queues.models[name].waiting) < 3]
        house.advance(1.0)
        for ticket in [ticket for ticket in running if ticket.began_s is not None and not ticket.has_ended][:1]:
            house.end(ticket)
        assert step < 60 or set(house.loads) == set("abc")
    counts = {name: house.loads.count(name) for name in "abc"}
    assert max(counts.values()) - min(counts.values()) <= 1
    assert pytest.approx(max(counts.values()), abs=8) == 8
