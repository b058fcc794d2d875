"""Progress counts what passes, with rate and time left: bars on a terminal, lines where there is none; the clocks are the tests' own."""

import io
import logging
import threading
from itertools import pairwise

import pytest
from rich.console import Console

from freqbias.cli import console
from freqbias.cli.progress import EVERY, Bars, Lines, duration, rate
from freqbias.models.scoring import HandsOn, show_progress
from freqbias.progress import chunks, noted, silent, ticks


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def past(self, items, seconds):
        """Yield items, each of which takes so long once it was handed out."""
        for item in items:
            yield item
            self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def said():
    return []


@pytest.fixture
def lines(clock, said):
    return Lines(lambda line, steps: said.append((clock.now, line)), clock)


def worked(items, clock, seconds):
    for _ in items:
        clock.now += seconds


def test_without_a_terminal_ten_slow_items_give_a_line_every_half_minute(lines, clock, said):
    worked(lines(chunks(range(100), 10), "minilm: encode texts", 100, unit="texts", size=len), clock, 10.0)
    assert said == [
        (1030.0, "minilm: encode texts: 30 of 100 texts (30%), 1.0 texts/s, 1 min left"),
        (1060.0, "minilm: encode texts: 60 of 100 texts (60%), 1.0 texts/s, 40 s left"),
        (1090.0, "minilm: encode texts: 90 of 100 texts (90%), 1.0 texts/s, 10 s left"),
        (1100.0, "minilm: encode texts: 100 of 100 texts, 2 min, 1.0 texts/s"),
    ]
    times = [1000.0, *(when for when, _ in said)]
    assert max(later - earlier for earlier, later in pairwise(times)) == EVERY


def test_a_quick_step_is_one_line(lines, clock, said):
    worked(lines(range(3), "audit frequency", 3, unit="pairs"), clock, 0.1)
    assert [line for _, line in said] == ["audit frequency: 3 of 3 pairs, 0 s"]


def test_one_item_that_takes_minutes_is_not_silent(clock, said):
    """The clock goes on while nothing passes: the thread that waits for it speaks."""
    heard = threading.Event()

    def pause(over, seconds):
        if len(said) == 3:
            heard.set()
            return over.wait(10)
        clock.now += seconds
        return False

    lines = Lines(lambda line, steps: said.append((clock.now, line)), clock, pause)
    for _ in lines([[0] * 180], "smollm2-135m: likelihood", 180, unit="pairs", size=len):
        assert heard.wait(10)
    assert said[:3] == [
        (1030.0, "smollm2-135m: likelihood: 0 of 180 pairs (0%), 30 s so far"),
        (1060.0, "smollm2-135m: likelihood: 0 of 180 pairs (0%), 1 min so far"),
        (1090.0, "smollm2-135m: likelihood: 0 of 180 pairs (0%), 2 min so far"),
    ]
    assert said[3:] == [(1090.0, "smollm2-135m: likelihood: 180 of 180 pairs, 2 min, 2.0 pairs/s")]


def test_steps_within_a_step_are_told_with_it(lines, clock, said):
    for _ in lines(chunks(range(512), 256), "m: likelihood", 512, unit="pairs", size=len):
        worked(lines(chunks(range(2000), 500), "m: score texts", 2000, unit="texts", size=len), clock, 10.0)
    assert [line for _, line in said] == [
        "m: likelihood: 0 of 512 pairs (0%), 30 s so far; m: score texts: 1,500 of 2,000 texts (75%), 50 texts/s, 10 s left",
        "m: likelihood: 256 of 512 pairs (50%), 4.3 pairs/s, 1 min left; "
        "m: score texts: 1,000 of 2,000 texts (50%), 50 texts/s, 20 s left",
        "m: likelihood: 512 of 512 pairs, 1 min, 6.4 pairs/s",
    ]


def test_an_error_that_is_kept_leaves_no_step_behind(lines, clock, said):
    kept = []
    for _ in lines(range(2), "outer", 2):
        try:
            for _ in lines(range(5), "inner", 5):
                raise ValueError
        except ValueError as error:
            kept.append(error)
        clock.now += 31
    assert [line for _, line in said] == [
        "outer: 1 of 2 (50%), 1.9/min, 31 s left",
        "outer: 2 of 2 (100%), 1.9/min, 0 s left",
        "outer: 2 of 2, 1 min, 1.9/min",
    ]
    assert len(kept) == 2


def test_what_is_not_counted_says_how_long_it_has_taken(lines, clock, said):
    with lines.step("report", None):
        for _ in lines(range(2), "draw", 2, unit="figures"):
            clock.now += 40
    assert [line for _, line in said] == [
        "report: 40 s so far; draw: 1 of 2 figures (50%), 1.5 figures/min, 40 s left",
        "report: 1 min so far; draw: 2 of 2 figures (100%), 1.5 figures/min, 0 s left",
    ]


def test_quiet_says_nothing(capsys):
    console.set_up(-1)
    try:
        assert console.tracker() is silent
        with console.waiting("report"):
            assert list(console.tracker()(range(3), "x", 3)) == [0, 1, 2]
    finally:
        console.set_up(0)
    assert capsys.readouterr() == ("", "")


def test_the_commands_use_lines_where_there_is_no_terminal(caplog):
    console.set_up(0)
    console.stop_display()
    shown = console.tracker()
    assert isinstance(shown, Lines)
    assert console.tracker() is shown  # steps of one command know of each other
    console.log.propagate = True
    with caplog.at_level(logging.INFO, "freqbias"):
        assert list(shown(["50 %"], "check 50 %", 1, unit="pairs")) == ["50 %"]
    console.log.propagate = False
    assert caplog.messages == ["check 50 %: 1 of 1 pairs, 0 s"]
    console.stop_display()


def drawn(width, clock, work):
    text = io.StringIO()
    work(Bars(Console(file=text, force_terminal=True, width=width, color_system=None, legacy_windows=False), clock))
    return text.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_a_bar_has_counts_rate_and_time_left_in_the_width_at_hand(clock, width):
    seen = []

    def work(bars):
        for number, _ in enumerate(bars(chunks(range(4120), 412), "smollm2-135m: likelihood", 4120, unit="texts", size=len)):
            clock.now += 10.0
            if number == 5:
                (table,) = [bars._progress.get_renderable()]
                rendered = Console(file=io.StringIO(), width=width, color_system=None)
                with rendered.capture() as capture:
                    rendered.print(table)
                seen.extend(capture.get().splitlines())

    text = drawn(width, clock, work)
    (line,) = [row.rstrip() for row in seen if row.strip()]
    for part in ("smollm2-135m: likelihood", "2,060 of 4,120 texts", "50%", "41 texts/s", "00:50"):
        assert part in line
    assert len(line) <= width
    assert "━" in line if width > 100 else "━" not in line
    assert "4,120 of 4,120 texts" in text.rstrip().splitlines()[-2]  # stays; the last line shows the cursor again


def test_the_first_part_gives_a_rate_already(clock):
    def work(bars):
        parts = iter(bars(chunks(range(512), 256), "m: likelihood", 512, unit="pairs", size=len))
        next(parts)
        clock.now += 600
        next(parts)
        (task,) = bars._progress.tasks
        assert (task.speed, task.time_remaining) == (256 / 600, 600)
        bars.close()

    drawn(80, clock, work)


def test_a_bar_within_a_bar_goes_when_it_is_over_and_an_error_takes_all_down(clock):
    open_ = []

    def work(bars):
        for _ in bars(chunks(range(2), 1), "outer", 2, unit="pairs", size=len):
            for _ in bars(range(3), "inner", 3, unit="texts"):
                clock.now += 2
                open_.append([task.description for task in bars._progress.tasks if task.visible])
        assert bars._progress is None
        kept = iter(bars(range(2), "left open", 2))
        next(kept)
        bars.close()
        assert list(kept) == [1]

    drawn(80, clock, work)
    assert open_ == [["outer"], ["outer", "inner"], ["outer", "inner"]] * 2


@pytest.mark.parametrize(
    ("per_second", "text"), [(1234.0, "1,234 texts/s"), (1.25, "1.2 texts/s"), (0.5, "30 texts/min"), (0.01, "36 texts/h")]
)
def test_rates_are_at_least_one(per_second, text):
    assert rate(per_second, "texts") == text


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3600, "1 h 0 min"), (7530, "2 h 6 min")])
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_work_in_no_order_is_counted_as_it_is_done(lines, clock, said):
    passed = ticks(lines, "served: ask the server", 4, "requests")
    for _ in range(4):
        clock.now += 16
        passed()
    assert [line for _, line in said] == [
        "served: ask the server: 2 of 4 requests (50%), 3.8 requests/min, 32 s left",
        "served: ask the server: 4 of 4 requests (100%), 3.8 requests/min, 0 s left",
        "served: ask the server: 4 of 4 requests, 1 min, 3.8 requests/min",
    ]


class Inner:
    inner_progress = staticmethod(silent)


def test_a_model_shows_its_part_with_what_the_probe_shows(lines):
    model = Inner()
    show_progress(HandsOn(HandsOn(model)), lines)
    assert model.inner_progress is lines
    other = object()
    show_progress(other, lines)  # one that cannot is left alone
    assert not hasattr(other, "inner_progress")


def test_failures_and_tokens_stand_beside_the_count(lines, clock, said):
    """Failures are counted for the step that all others lie in, tokens for the one that computes."""
    for _ in lines(chunks(range(512), 256), "m: likelihood", 512, unit="pairs", size=len):
        for _ in lines(chunks(range(400), 100), "m: score texts", 400, unit="texts", size=len):
            clock.now += 10
            noted(lines, tokens=1200)
        noted(lines, failures=3)
    assert [line for _, line in said] == [
        "m: likelihood: 0 of 512 pairs (0%), 30 s so far; m: score texts: 300 of 400 texts (75%), 10 texts/s, 120 tokens/s, 10 s left",
        "m: likelihood: 256 of 512 pairs (50%), 4.3 pairs/s, 3 failed, 1 min left; "
        "m: score texts: 200 of 400 texts (50%), 10 texts/s, 120 tokens/s, 20 s left",
        "m: likelihood: 512 of 512 pairs, 1 min, 6.4 pairs/s, 6 failed",
    ]
    noted(lines, failures=1)  # outside of all steps, as while failed pairs are tried again
    noted(silent, failures=1)


def test_bars_show_failures_and_tokens():
    shown = io.StringIO()
    bars = Bars(Console(file=shown, force_terminal=True, width=160, emoji=False))
    for _ in bars(range(2), "[red]m\x1b]0;x\x07", 2, unit="pairs"):
        noted(bars, failures=4, tokens=10)
    text = shown.getvalue()
    assert "8 failed" in text
    assert "tokens/s" in text
    assert "[red]m\\x1b]0;x\\x07" in text  # neither markup nor a title for the window
    assert "\x1b]0;x" not in text


def test_a_measurement_notes_rows_that_failed(monkeypatch, tmp_path, lexicon_pairs):
    from freqbias.models import language_model
    from freqbias.probes import load_probe
    from freqbias.probes.runner import Measurement

    switch = tmp_path / "switch"
    monkeypatch.setenv("FREQBIAS_TEST_SWITCH", str(switch))
    counts = []

    def track(items, what, total, *, unit="", size=len):
        return items

    track.note = lambda *, failures, tokens: counts.append(failures)
    pairs = lexicon_pairs[:4]
    measurement = Measurement(load_probe("likelihood"), pairs, language_model("failing:lm_off"), track)
    assert all(row.error is None for row in measurement.rows(pairs))
    switch.touch()
    failed = [row for row in measurement.rows(pairs) if row.error is not None]
    assert counts == [0, len(failed)]
    assert failed
