"""Probes of others: refused in one line when they cannot be what they say, and never in the way of the rest."""

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from freqbias import registry
from freqbias.errors import InputError
from freqbias.probes import Judgement, Probe, load_probe
from freqbias.probes.runner import Measurement
from freqbias.progress import silent
from freqbias.records import Observation, Pair
from freqbias.run.steps import Plan

PAIR = Pair(id="1", item="car", high="The car.", low="The jalopy.")


class Info:
    name = "m"


class Model:
    info = Info()


def row(**changes):
    fields = {
        "pair_id": "1",
        "item": "car",
        "probe": "mine",
        "measure": "points",
        "contrast": "gap",
        "model": "m",
        "high": 1.0,
        "low": 0.0,
    }
    return Observation(**fields | changes)


def probe_of(*rows):
    return Probe(name="mine", needs="language_model", summary="", run=lambda pairs, model, common: iter(rows))


def test_a_function_is_no_probe():
    with pytest.raises(InputError, match=r"'json:dumps' is not a Probe but a function; name a freqbias\.probes\.Probe object"):
        load_probe("json:dumps")


@pytest.mark.parametrize(
    ("changes", "reason"), [({"needs": "scorers"}, "needs is 'scorers'; did you mean 'scorer'"), ({"name": " "}, "needs a name")]
)
def test_a_probe_that_nothing_could_run(changes, reason):
    with pytest.raises(InputError, match=reason):
        replace(probe_of(), **changes)


def test_a_probe_of_another_api(monkeypatch):
    monkeypatch.setattr(registry, "import_object", lambda reference: replace(probe_of(), api=2))
    with pytest.raises(InputError, match="was made for API 2 of freqbias, this version has 1"):
        load_probe("their:probe")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"probe": "other"}, "writes rows of probe 'other'"),
        ({"model": "n"}, "writes rows of model 'n'"),
        ({"pair_id": "2"}, "writes a row of pair '2', which it was not given"),
    ],
)
def test_the_first_row_is_checked(changes, reason):
    with pytest.raises(InputError, match=reason):
        Measurement(probe_of(row(**changes)), [PAIR], Model(), silent).rows([PAIR])


def test_a_row_that_is_no_observation():
    with pytest.raises(InputError, match="yields dict; it must yield freqbias"):
        Measurement(probe_of({"high": 1}), [PAIR], Model(), silent).rows([PAIR])


def test_right_rows_pass():
    assert Measurement(probe_of(row()), [PAIR], Model(), silent).rows([PAIR]) == [row()]


@pytest.fixture
def broken(monkeypatch, tmp_path):
    (tmp_path / "broken_plugin.py").write_text("raise RuntimeError('its library is gone\\nand more')\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint(name="theirs", value="broken_plugin:probe", group="freqbias.probes")
    registry._plugins.cache_clear()
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == "freqbias.probes" else [])
    yield
    registry._plugins.cache_clear()


@pytest.mark.usefixtures("broken")
def test_a_plugin_that_fails_is_one_line():
    with pytest.raises(InputError, match="'theirs' of a plugin cannot be imported: RuntimeError: its library is gone and more; update"):
        registry.load("probes", "theirs")


@pytest.mark.usefixtures("broken")
def test_plugins_join_no_default_run():
    assert registry.names("probes")[-1] == "theirs"
    assert "theirs" not in {step.probe.name for step in Plan(embedders=["synthetic:embed_words"]).steps}


def test_a_faulty_first_row_is_named():
    with pytest.raises(InputError, match="probe 'mine': its row of pair '1': fields 'high' and 'low' must be numbers"):
        Measurement(probe_of(row(low=None)), [PAIR], Model(), silent).rows([PAIR])


@pytest.mark.parametrize(
    ("judgement", "warned"), [(Judgement(contrast="other"), True), (Judgement(measure="percent"), True), (Judgement(), False)]
)
def test_rows_that_the_probe_is_not_judged_by_are_a_warning(judgement, warned, caplog):
    measurement = Measurement(replace(probe_of(row()), judgement=judgement), [PAIR], Model(), silent)
    measurement.rows([PAIR])
    measurement.warn_unless_judged()
    assert ("none of its rows has; they have: gap in points" in caplog.text) == warned


@pytest.mark.usefixtures("broken")
def test_a_broken_plugin_is_one_warning_in_the_list(cli):
    result = cli("list", "probes")
    assert result.exit_code == 0, result.output
    assert "similarity" in result.stdout
    (line,) = result.stderr.splitlines()
    assert "'theirs' of a plugin cannot be imported" in line
