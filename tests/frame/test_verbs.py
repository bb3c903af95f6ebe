"""The verbs, as a user types them."""

import inspect
from threading import Event

import pandas as pd
import pytest

from vlmkit import settings
from vlmkit.errors import BadSetting, RateLimited, Refused, SetupError, TimedOut, UnknownModel, UnreadableImage
from vlmkit.frame import Description, ask, caption, describe, describe_iter, describe_one, score, tags
from vlmkit.prompts import style_prompt


@pytest.mark.parametrize(
    ("options", "prompt"),
    [
        ({}, style_prompt("detailed")),
        ({"style": "technical"}, style_prompt("technical")),
        ({"prompt": "What?"}, "What?"),
        ({"prompt": "What?", "max_words": 3}, "What? Use at most 3 words."),
    ],
)
def test_describe_asks_in_a_style_or_in_free_text(photos, backend, options, prompt):
    """Detailed unless told otherwise."""
    model = backend()
    frame = describe(photos(1), **options, model=model, system="Be short.")
    assert frame["description"].tolist() == [f"0: {prompt}"]
    assert model.asks[0].system == "Be short."


def test_a_prompt_and_a_style_are_one_too_many(photos, backend):
    """Only one of them can be what is asked."""
    with pytest.raises(SetupError, match="either prompt=… or style=…"):
        describe(photos(1), "What?", style="brief", model=backend())


def test_columns_named_like_methods_of_pandas_work(photos, backend):
    """A column may be called size."""
    frame = ask(photos(2), "How many?", into="size", model=backend(replies="7"), dtype=int)
    assert frame["size"].tolist() == [7, 7]


def test_prompts_read_the_row(photos, backend):
    """By column name, with the stated word for what is missing; a folder's table has columns, too."""
    frame = pd.DataFrame({"path": photos(2), "list price": [3, None], "brand": ["Acme", None]})
    result = describe(frame, "{brand}: {list price} {{x}}", model=backend())
    assert result["description"].tolist() == ["0: Acme: 3 {x}", "1: unknown: unknown {x}"]
    assert describe("photos", "{path} {width}", model=backend())["description"][1] == "1: photos/img1.png 11"


def test_a_cell_can_run_again(photos, backend):
    """With overwrite, and then the table is the same."""
    frame = describe(photos(2), model=backend())
    with pytest.raises(SetupError, match="overwrite=True"):
        describe(frame, model=backend())
    pd.testing.assert_frame_equal(describe(frame, model=backend(), overwrite=True), frame)


def test_details(photos, backend):
    """Who answered, how long it took, what it cost."""
    frame = caption(photos(2), model=backend(), details=True)
    names = "model revision prompt_digest seconds prompt_tokens completion_tokens finish_reason response_id"
    names += " from_store is_duplicate retries reply"
    assert list(frame)[-12:] == [f"caption_{name}" for name in names.split()]
    assert frame["caption_model"].tolist() == ["fake:echo"] * 2
    assert (frame["caption_seconds"] > 0).all()


def test_sampling_and_deadline_reach_the_model(photos, backend):
    """Greedy unless told otherwise."""
    model = backend()
    describe(photos(1), model=model)
    describe("photos", model=model, temperature=0.5, seed=9, max_tokens=5, stop="x", timeout_s=30)
    plain, told = model.asks
    assert plain.sampling.temperature == 0.0
    assert plain.timeout_s is None
    assert (told.sampling.temperature, told.sampling.seed, told.sampling.max_tokens) == (0.5, 9, 5)
    assert (told.sampling.stop, told.timeout_s) == (("x",), 30.0)


def test_workers(photos, backend):
    """One after another, or so many at a time."""
    for workers in (1, 3):
        model = backend(delay_s=0.005, parallel_asks=8)
        describe(photos(6) if workers == 1 else "photos", model=model, workers=workers)
        assert model.most_in_flight == workers


def test_the_model_of_the_session(photos):
    """Named once with `use`; never chosen silently."""
    paths = photos(1)
    with pytest.raises(UnknownModel, match="tiny"):
        describe(paths)
    settings.use(model="fake:echo")
    assert describe(paths, "Hello")["description"].tolist() == ["10x8 image/png: Hello"]


def test_describe_one_is_a_record(photos, backend):
    """From a path, bytes or a picture."""
    (path,) = photos(1)
    record = describe_one(path, "What?", model=backend(), max_tokens=9)
    assert isinstance(record, Description)
    assert record.text == "0: What?"
    assert record.metadata["width"] == 10
    assert (record.model, record.revision) == ("fake:echo", "1")


@pytest.mark.parametrize("image", ["gone.png", b"", None, 7])
def test_describe_one_raises_what_is_wrong_with_its_image(backend, image):
    """There is no table to put the error in."""
    with pytest.raises(UnreadableImage):
        describe_one(image, model=backend())


@pytest.mark.parametrize("given", ["argument", "variable"])
def test_describe_one_gives_a_stand_in_for_what_came_too_late(photos, backend, monkeypatch, given):
    """As `describe` does, by the same settings; its error says so. Without, the fault is raised."""
    (path,), model = photos(1), backend(replies=TimedOut("slow"))
    with pytest.raises(TimedOut, match="slow"):
        describe_one(path, model=model, store=False)
    if given == "variable":
        monkeypatch.setenv("VLM_TIMEOUT_BEHAVIOR", "fallback")
    asked = {"on_timeout": "fallback"} if given == "argument" else {}
    record = describe_one(path, model=model, store=False, **asked)
    assert "picture of" in record.text
    assert record.error.startswith("TimedOut: slow")
    assert describe([path], model=model, store=False, **asked)["description"].tolist() == [record.text]


def test_describe_one_tries_again_and_says_how_often(photos, backend):
    """And takes what is stored, and the next model where the first fails."""
    settings.use(first_wait_s=0.001)
    (path,) = photos(1)
    busy = backend(replies=[RateLimited("busy"), "fine"])
    assert (describe_one(path, model=busy, store="s.sqlite").retries, len(busy.asks)) == (1, 2)
    again = describe_one(path, model=busy, store="s.sqlite")
    assert (again.from_store, again.retries, len(busy.asks)) == (True, 0, 2)
    broken = backend(replies=Refused("no"))
    assert describe_one(path, model=broken, fallback=busy, store=False).text == "fine"
    with pytest.raises(RateLimited):
        describe_one(path, model=backend(replies=RateLimited("busy")), max_retries=0, store=False)


def test_a_budget_keeps_the_table(photos, backend):
    """Rows that had no turn say why; nothing is raised, and the same line goes on where it ended."""
    frame = pd.DataFrame({"path": photos(6)})
    model = backend()
    said = {"model": model, "workers": 1, "store": "s.sqlite"}
    first = describe(frame, "?", budget={"tokens": 1}, **said)
    assert first["description"].notna().tolist() == [True] + [False] * 5
    assert first["description_error"].str.contains("budget of 1 tokens is used up").sum() == 5
    listed = list(describe_iter(frame, "?", budget={"tokens": 1}, **said))
    assert [record.error for record in listed] == [None] * 2  # the first is stored, and costs nothing
    assert describe(frame, "?", **said)["description"].notna().all()
    assert len(model.asks) == 6
    with pytest.raises(BadSetting, match="budget"):
        describe(frame, "?", budget={"dollars": 5}, **said)


def test_describe_one_takes_no_options_of_tables(photos, backend):
    """They would have no effect."""
    with pytest.raises(BadSetting, match="'details' is an unknown option"):
        describe_one(photos(1)[0], model=backend(), details=True)


def test_describe_iter_gives_records_in_order(photos, backend):
    """Failed rows among them, with the label of their row."""
    frame = pd.DataFrame({"path": photos(4, bad={2})}, index=list("wxyz"))
    records = list(describe_iter(frame, "What?", model=backend(delay_s=[0.02, 0.0])))
    assert [record.index for record in records] == list("wxyz")
    assert [record.text for record in records] == ["0: What?", "1: What?", None, "3: What?"]
    assert records[2].error.startswith("UnreadableImage: photos/img2.png")
    assert [record.metadata["path"] for record in records] == frame["path"].tolist()


def test_describe_iter_checks_at_the_call(photos):
    """Not when the first record is wanted."""
    with pytest.raises(UnknownModel):
        describe_iter(photos(1))


def test_describe_iter_reads_columns_of_a_folder(photos, backend):
    """Its table is made where the prompt needs it."""
    photos(2)
    assert [record.text for record in describe_iter("photos", "{format}", model=backend())] == ["0: PNG", "1: PNG"]


@pytest.mark.parametrize("verb", [describe, caption, ask, tags, score, describe_one, describe_iter])
def test_options_a_verb_names_are_in_its_docstring(verb):
    """Keyword by keyword; the shared ones by name."""
    documented = inspect.getdoc(verb)
    for name in inspect.signature(verb).parameters:
        assert name in documented
    assert "Raises" in documented


def test_an_event_ends_the_iteration(photos, backend):
    """Rows that ended still come; what waits for an answer is cancelled, and the iterator ends by itself."""
    photos(4)
    stop, model = Event(), backend(delay_s=[0, 0, 60])
    submit = model.submit

    def stop_at_the_third(ask):
        if len(model.asks) == 2:
            stop.set()
        return submit(ask)

    model.submit = stop_at_the_third
    records = describe_iter("photos", model=model, workers=1, store=False, stop_event=stop)
    assert [record.error for record in records] == [None, None]
