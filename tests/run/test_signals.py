"""SIGTERM and SIGHUP end a command as Ctrl-C does: the part in hand is kept, locks are released, the exit status is 130."""

import json
import signal

import pytest
from run.test_resume import start, wait_for
from runs import write_pairs

from freqbias.run.interrupt import ENDING, Interrupt, stop_on_signals
from freqbias.run.journal import side_file


@pytest.fixture
def handlers():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDING)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_the_part_in_hand_is_finished(cli, tmp_path, number):
    pairs, out = write_pairs(tmp_path / "pairs.jsonl", 1000), tmp_path / "run"
    process = start(pairs, out, "lm_slower")
    wait_for(side_file(out / "observations.jsonl", "marks"), 2)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"finishing the current batch; {number.name} again, or Ctrl-C, to stop at once" in said
    assert said.endswith("freqbias: interrupted; nothing is left half-written; run the same command again to continue\n")
    assert not side_file(out / "observations.jsonl", "lock").exists()
    state = json.loads(cli("status", out, "--json").stdout)
    assert state["state"] == "interrupted"
    assert state["rows"] % 512 == 0  # whole parts; two rows a pair
    assert 0 < state["rows"] < 4000


def test_outside_a_part_it_ends_at_once_and_cleanly(tmp_path):
    pairs, out = write_pairs(tmp_path / "pairs.jsonl", 10), tmp_path / "run"
    process = start(pairs, out, "lm_waits")
    wait_for(out / "manifest.json", 1)
    assert side_file(out / "observations.jsonl", "lock").exists()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "interrupted; nothing is left half-written" in said, "Traceback" in said) == (130, True, False)
    assert not side_file(out / "observations.jsonl", "lock").exists()
    assert not (out / "observations.jsonl").exists()


def test_what_is_ignored_stays_ignored(handlers):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` starts a program
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    stop_on_signals()
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    with Interrupt().watched():
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) != signal.default_int_handler


def test_a_program_that_handles_a_signal_itself_keeps_it(handlers):
    def own(number, frame):
        pytest.fail("not called")

    signal.signal(signal.SIGTERM, own)
    with Interrupt().watched():
        assert signal.getsignal(signal.SIGTERM) is own
    stop_on_signals()
    assert signal.getsignal(signal.SIGTERM) is own


def test_the_help_says_it(cli):
    said = " ".join(cli("--help").stdout.split())
    assert "130 interrupted by Ctrl-C, SIGTERM or SIGHUP" in said.replace("│ ", "").replace(" │", "")
