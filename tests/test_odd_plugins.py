"""What plugs in and is not what it should be: one clear line, the right exit status, no traceback, nothing half-written."""

import logging
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from freqbias.models import ModelInfo
from freqbias.paraphrases import make_pair
from freqbias.probes import Probe
from freqbias.records import Observation

HERE = Path(__file__).stem
INFO = ModelInfo(name="odd-model", kind="embedder", source="plugin", revision="1")


class Embedder:
    info = INFO
    max_tokens = None

    def encode(self, texts, *, role):
        return np.array([[len(text), 1.0, text.count("a")] for text in texts], dtype=np.float32)

    def token_counts(self, texts):
        return None


def embedder(**changes):
    return type("Changed", (Embedder,), changes)()


def encoding(change):
    return embedder(encode=lambda self, texts, *, role: change(Embedder.encode(self, texts, role=role)))


def unlucky(*arguments):
    raise ValueError("no\nluck")


good = Embedder()
in_double = encoding(lambda vectors: vectors.astype(np.float64))
as_lists = encoding(lambda vectors: vectors.tolist())
not_numbers = encoding(lambda vectors: vectors * np.nan)
one_short = encoding(lambda vectors: vectors[:-1])
flat = encoding(lambda vectors: vectors[:, 0])
words = encoding(lambda vectors: [["a"]] * len(vectors))
raising = encoding(unlucky)
without_role = embedder(encode=lambda self, texts: np.ones((len(texts), 2)))
not_called = embedder(encode=3)
of_another_kind = embedder(info=replace(INFO, kind="encoder"))
of_an_alias = embedder(info=replace(INFO, name="minilm"))
without_name = embedder(info=replace(INFO, name=""))
not_json = embedder(info=replace(INFO, details={"x": np.ones(2)}))
euclidean = embedder(similarity="euclidean")
counted = embedder(usage=3)
few_counts = embedder(token_counts=lambda self, texts: [1])


class Tokens:
    info = replace(INFO, name="odd-tokens")
    measure = "maxsim"
    max_tokens = None

    def encode_tokens(self, texts, *, role):
        return [np.ones(3) for _ in texts]

    def token_counts(self, texts):
        return None


one_vector = Tokens()


def by_length(texts):
    return [[len(text), 1.0] for text in texts]


class LanguageModel:
    info = replace(INFO, name="odd-lm", kind="language_model")
    path = None

    def log_probs(self, texts):
        return [[-1.0] for _ in texts]

    continuation_log_probs = choices = generate = unlucky

    def format_prompt(self, prompt):
        return prompt

    def token_counts(self, texts):
        return None


lists_for_arrays = LanguageModel()


def row(pair, model, **changes):
    known = {"pair_id": pair.id, "item": pair.item, "arm": pair.arm, "model": model.info.name, "probe": "odd"}
    return Observation(**(known | {"measure": "points", "contrast": "gap", "high": 1.0, "low": 0.5} | changes))


def probe(run, **changes):
    return Probe(**({"name": "odd", "needs": "scorer", "summary": "", "run": run} | changes))


def then(*later):
    """Return a probe whose first rows are sound; each later one is `later[0]` of it."""
    return probe(lambda pairs, model, common: [row(p, model) if n < 2 else later[0](p, model) for n, p in enumerate(pairs)])


sound = then(row)
sound_too = then(row)
gives_none = probe(lambda pairs, model, common: None)
gives_a_number = probe(lambda pairs, model, common: 3)
raises = probe(unlucky)
yields_dicts = probe(lambda pairs, model, common: ({"high": 1.0} for _ in pairs))
later_a_dict = then(lambda pair, model: {"high": 1.0})
later_nan = then(lambda pair, model: row(pair, model, high=float("nan")))
of_another_model = then(lambda pair, model: row(pair, model).replace(model="other"))
of_another_pair = then(lambda pair, model: row(pair, model, pair_id="other"))
later_another = then(lambda pair, model: row(pair, model, probe="other"))
twice = probe(lambda pairs, model, common: [row(pair, model) for pair in pairs for _ in range(2)])
of_another_api = probe(unlucky, api=2)
prepares_badly = probe(unlucky, prepare=unlucky)
estimates_dicts = probe(sound.run, estimates=lambda pairs, model, common: [{"value": 1.0}])
estimates_none = probe(sound.run, estimates=lambda pairs, model, common: None)


def generates_none():
    return None


def generates_badly():
    raise ValueError("no luck")


def needs_a_verb(verb):
    return [make_pair(item="car", high=f"I {verb} a car.", low=f"I {verb} a jalopy.")]


def annotated_badly(n: "Nothing" = 1):  # noqa: F821  # what is tested
    return []


def zipf_words(text, language, source):
    return "often"


def zipf_nan(text, language, source):
    return float("nan")


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop(HERE, None)


def run(cli, model="good", probe="similarity", option="--embedder"):
    at = probe if probe in ("similarity", "likelihood") else f"{HERE}:{probe}"
    return cli("run", option, f"{HERE}:{model}", "--probe", at, "--n", "4", "--out", "run")


#: What is said before and while things go well: the plan, and what has passed.
TOLD = re.compile(r"^(plan: |  \w+: )|: \d+ of \d+ (pairs|texts), ")


def refused(result, reason, status=2):
    assert result.exit_code == status, result.output
    assert isinstance(result.exception, SystemExit)
    lines = [line for line in result.stderr.splitlines() if not TOLD.search(line)]
    assert reason in lines[-1]
    assert status == 1 or len(lines) == 1


@pytest.mark.parametrize("model", ["good", "in_double", "as_lists", "by_length", "not_numbers"])
def test_what_can_be_read_as_vectors_is(cli, folder, model):
    result = run(cli, model)
    assert result.exit_code == (3 if model == "not_numbers" else 0), result.output
    assert ('"error":"' in (folder / "run" / "observations.jsonl").read_text()) == (model == "not_numbers")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("Embedder", "is a class, not a function; name an instance of it, or a function"),
        ("without_role", "`encode` cannot be called as encode(texts, role=…)"),
        ("not_called", "`encode` is not callable"),
        ("of_another_kind", "info.kind is 'encoder', expected 'embedder'"),
        ("of_an_alias", "calls itself 'minilm', which is the name of another model"),
        ("without_name", "info.name must be a text, found ''"),
        ("not_json", "info cannot be written as JSON"),
        ("euclidean", "similarity is 'euclidean'; known: cosine, dot"),
        ("counted", "`usage` must be a dataclass of whole numbers or None, found int"),
    ],
)
def test_a_model_that_cannot_be_one_is_refused_before_any_work(cli, folder, model, reason):
    refused(run(cli, model), reason)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("one_short", "odd-model returned shape ("),
        ("flat", "expected (n, d)"),
        ("words", "model 'odd-model': ValueError: could not convert string to float: 'a'"),
        ("raising", f"model 'odd-model': ValueError: no luck ({HERE}.py:"),
        ("unlucky", f"model '{HERE}:unlucky': ValueError: no luck ({HERE}.py:"),
        ("few_counts", "odd-model: token_counts returned 1 numbers for 2 texts"),
        ("one_vector", "odd-tokens returned shape (3,) for a text; expected one row per token"),
    ],
)
def test_a_model_that_fails_is_told_as_one(cli, model, reason):
    refused(run(cli, model), reason, status=1)


def test_a_language_model_whose_lists_can_be_read_is_told_of_by_what_fails_next(cli):
    refused(run(cli, "lists_for_arrays", "likelihood", "--lm"), "model 'odd-lm': ValueError: no luck", status=1)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gives_none", "probe 'odd': run returned NoneType; it must yield records"),
        ("gives_a_number", "probe 'odd': run returned int; it must yield records"),
        ("raises", f"probe 'odd' on model 'odd-model': ValueError: no luck ({HERE}.py:"),
        ("prepares_badly", "probe 'odd' on model 'odd-model': ValueError: no luck"),
        ("yields_dicts", "probe 'odd' yields dict; it must yield freqbias.records.Observation"),
        ("later_a_dict", "probe 'odd' yields dict"),
        ("later_nan", "field 'high' must be finite"),
        ("later_another", "probe 'odd' writes rows of probe 'other'"),
        ("of_another_model", "probe 'odd' writes rows of model 'other'; write model.info.name, here 'odd-model'"),
        ("of_another_pair", "probe 'odd' writes a row of pair 'other', which it was not given; write pair.id"),
        ("twice", "probe 'odd' writes two rows of pair, measure, contrast and register"),
        ("of_another_api", "was made for API 2 of freqbias, this version has 1"),
        ("probe", "is not a Probe but a function"),
        ("Probe", "is not a Probe but the class Probe"),
    ],
)
def test_a_probe_that_is_not_what_it_says_is_refused_and_nothing_is_left(cli, folder, name, reason):
    refused(run(cli, probe=name), reason)
    assert list(folder.iterdir()) == []
    result = cli("pairs", "lexicon", "--n", "4", "--out", "pairs.jsonl")
    assert result.exit_code == 0, result.output
    refused(cli("probe", "pairs.jsonl", "--embedder", f"{HERE}:good", "--probe", f"{HERE}:{name}"), reason)
    assert [path.name for path in folder.iterdir() if not path.name.endswith(".lock")] == ["pairs.jsonl"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("estimates_dicts", "estimates yields dict; it must yield freqbias.records.Estimate"),
        ("estimates_none", "estimates returned NoneType"),
    ],
)
def test_estimates_that_are_none_are_refused_and_what_was_measured_stays(cli, folder, name, reason):
    refused(run(cli, probe=name), reason)
    assert (folder / "run" / "observations.jsonl").stat().st_size
    assert not (folder / "run" / "model_estimates.jsonl").exists()


def test_two_probes_of_one_name_are_refused_and_one_named_twice_is_one(cli, folder):
    command = ["run", "--embedder", f"{HERE}:good", "--n", "4", "--out", "run", "--probe", f"{HERE}:sound", "--probe"]
    refused(cli(*command, f"{HERE}:sound_too"), "two probes are called 'odd'")
    assert list(folder.iterdir()) == []
    assert cli(*command, f"{HERE}:sound").exit_code == 0


def test_a_dry_run_imports_none_of_it_and_says_so(cli):
    result = cli("run", "--dry-run", "--embedder", f"{HERE}:good", "--probe", f"{HERE}:raises", "--n", "4")
    assert result.exit_code == 0
    assert f"probe '{HERE}:raises' is code, and --dry-run imports none" in result.stderr
    assert "no luck" not in result.output


def test_the_traceback_of_a_probe_is_there_for_who_asks(cli):
    result = cli("-v", "run", "--embedder", f"{HERE}:good", "--probe", f"{HERE}:raises", "--n", "4", "--out", "run")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert "in unlucky" in result.stderr
    logging.getLogger("freqbias").setLevel(logging.INFO)


def test_a_bug_of_our_own_keeps_its_traceback(cli, monkeypatch):
    from freqbias.probes import similarity

    monkeypatch.setattr(similarity, "encode_all", unlucky)
    result = cli("run", "--embedder", "bm25", "--probe", "similarity", "--n", "4", "--out", "run")
    assert isinstance(result.exception, ValueError)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"run": None}, r"run must be a function that can be called as run\(pairs, model, common\)"),
        ({"run": lambda pairs: pairs}, "run must be a function"),
        ({"prepare": 3}, r"prepare must be a function that can be called as prepare\(pairs, model, track\)"),
        ({"estimates": lambda pairs: pairs}, "estimates must be a function"),
        ({"judgement": {"sesoi": 1.0}}, "judgement must be a freqbias.probes.Judgement, found dict"),
        ({"settings": {"x": np.ones(2)}}, "its judgement, settings or prompts cannot be written to the manifest"),
        ({"prompts": {"ask": 3}}, "prompts must map names to texts"),
        ({"name": 3}, "a probe needs a name"),
    ],
)
def test_a_probe_object_that_could_not_run_cannot_be_made(changes, reason):
    from freqbias.errors import InputError

    with pytest.raises(InputError, match=reason):
        replace(sound, **changes)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("generates_none", "must return a list of freqbias.Pair"),
        ("generates_badly", f"ValueError: no luck ({HERE}.py:"),
        ("needs_a_verb", "missing 1 required positional argument: 'verb'"),
        ("annotated_badly", "does not say what options it takes: NameError: name 'Nothing' is not defined"),
    ],
)
def test_a_generator_that_is_none_is_one_line(cli, folder, name, reason):
    refused(cli("pairs", f"{HERE}:{name}", "--out", "pairs.jsonl"), reason)
    assert list(folder.iterdir()) == []


def test_a_function_that_says_nothing_of_its_options_is_no_generator(cli):
    refused(cli("pairs", "math:hypot", "--out", "pairs.jsonl"), "generator 'math:hypot' does not say what options it takes")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("zipf_words", "gives 'often' for 'a car'; it must give a finite number or None"),
        ("zipf_nan", "gives nan for 'a car'"),
        ("unlucky", "ValueError: no luck"),
    ],
)
def test_a_frequency_that_gives_no_number_is_one_line(cli, name, reason):
    refused(cli("score", "a car", "--json", "--frequency", f"{HERE}:{name}"), reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def (", "its module cannot be imported: SyntaxError"),
        ("raise RuntimeError('gone')", "its module cannot be imported: RuntimeError: gone (odd_module.py:1)"),
        ("import sys; sys.exit('bye')", "its module cannot be imported: SystemExit: bye"),
    ],
)
def test_a_module_that_cannot_be_imported_is_one_line(cli, folder, monkeypatch, text, reason):
    (folder / "odd_module.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    refused(cli("run", "--embedder", "odd_module:x", "--out", "run"), reason)
    assert not (folder / "run").exists()
