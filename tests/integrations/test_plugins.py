"""What plugs into other tools gives the numbers of `freqbias run` on the same pairs and model, for every kind of model."""

import importlib
import math
import subprocess
import sys

import pytest
from conftest import missing
from run_numbers import largest_score, run_numbers

from freqbias.errors import install_hint
from freqbias.files import read_pairs, write_records
from freqbias.paraphrases.lexicon import generate

KINDS = ("SentenceTransformer", "SparseEncoder", "MultiVectorEncoder", "CrossEncoder")
ALIASES = {"SentenceTransformer": "minilm", "SparseEncoder": "splade-tiny"}
PROBES = ("--probe", "similarity", "--probe", "inversion", "--probe", "retrieval")

pytestmark = [
    # MTEB reads what it shows of a model by names that it or sentence-transformers has given up
    pytest.mark.filterwarnings("ignore:The fill_missing parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The `get_sentence_embedding_dimension` method:FutureWarning"),
]


@pytest.fixture(scope="module")
def pair_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    write_records(path, generate(n=8, seed=5))
    return path


@pytest.fixture(scope="module")
def expected(model_folders, pair_file, tmp_path_factory):
    """Return a function that runs a kind of model through the command line, once, and gives its numbers and the tolerance for them.

    The tolerance is 1e-6 for cosines, and for other scores in proportion to their size.
    """
    from typer.testing import CliRunner

    from freqbias.cli.main import app

    known = {}

    def numbers(kind):
        if kind not in known:
            folder = tmp_path_factory.mktemp(kind) / "run"
            model = ALIASES.get(kind, model_folders[kind])
            result = CliRunner().invoke(app, ["run", "--pairs", str(pair_file), "--embedder", str(model), *PROBES, "--out", str(folder)])
            assert result.exit_code == 0, result.output
            known[kind] = run_numbers(folder), 1e-6 * max(1, largest_score(folder))
        return known[kind]

    return numbers


def present(library):
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError:
        missing(f"{library}: {install_hint('embed,mteb')}")


def load(kind, folder):
    return getattr(present("sentence_transformers"), kind)(str(folder), device="cpu")


def near(name, value, tolerance):
    """Return what equals a value within its tolerance; ratios to the margin of a random model, which is nearly 0, within 1e-4 of them."""
    random = tolerance > 1e-6
    return pytest.approx(value, abs=tolerance, rel=1e-4 if random and name in ("relative_gap", "evenness", "margin") else 0)


def evenness(numbers):
    """Return what the run implies; 0 where it has no relative gap, since the model does not tell right from wrong."""
    return 1 / (1 + abs(numbers["relative_gap"])) if "relative_gap" in numbers else 0


@pytest.mark.parametrize("kind", KINDS)
def test_evaluator_agrees_with_a_run(kind, model_folders, pair_file, expected):
    present("sentence_transformers")
    from freqbias.integrations.sentence_transformers import FrequencyBiasEvaluator

    found = FrequencyBiasEvaluator(list(read_pairs(pair_file)))(load(kind, model_folders[kind]))
    numbers, tolerance = expected(kind)
    numbers = {name: value for name, value in numbers.items() if "document_form" not in name}
    resampled = {f"{name}_ci_{end}" for name in ("relative_gap", "evenness") for end in ("low", "high")}
    assert set(found) == set(numbers) | resampled | {"relative_gap", "evenness", "guarded_evenness", "n_items", "n_failed"}
    for name, value in numbers.items():
        if name not in resampled:
            assert found[name] == near(name, value, tolerance), name
    assert found["evenness"] == near("evenness", evenness(numbers), tolerance)
    low, high = (found[f"evenness_ci_{end}"] for end in ("low", "high"))
    assert found["guarded_evenness"] == pytest.approx(low * found["win_rate"])
    if numbers.get("relative_gap_ci_low") is None:
        assert (low, high) == (0, 1)
    else:
        ends = [numbers[f"relative_gap_ci_{end}"] for end in ("low", "high")]
        near_enough = 0.2 * (ends[1] - ends[0])  # of 999 draws and 9,999
        assert [found[f"relative_gap_ci_{end}"] for end in ("low", "high")] == pytest.approx(ends, abs=near_enough)
        assert low == pytest.approx(1 / (1 + max(map(abs, ends))), abs=near_enough)
    assert (found["n_items"], found["n_failed"]) == (8, 0)


def task_of(name):
    if "document_form" in name:
        return "FrequencyRetrieval"
    return "FrequencyInversion" if "_form_" in name or "win_rate" in name else "FrequencyPreference"


@pytest.mark.parametrize("kind", KINDS)
def test_mteb_agrees_with_a_run(kind, model_folders, pair_file, expected, offline):
    mteb = present("mteb")
    from mteb.models.sentence_transformer_wrapper import CrossEncoderWrapper

    from freqbias.integrations.mteb import benchmark

    # MTEB 2.26 cannot read the revision of a cross-encoder that has none, unless it loads the model itself
    model = CrossEncoderWrapper(str(model_folders[kind]), device="cpu") if kind == "CrossEncoder" else load(kind, model_folders[kind])
    tasks = benchmark(list(read_pairs(pair_file)))
    result = mteb.evaluate(model, tasks, cache=None, show_progress_bar=False)
    scores = {task.task_name.partition("_")[0]: task.scores["test"][0] for task in result.task_results}
    numbers, tolerance = expected(kind)
    for name, value in numbers.items():
        if not name.startswith("relative_gap_ci"):
            assert scores[task_of(name)][name] == near(name, value, tolerance), name
    assert scores["FrequencyPreference"]["main_score"] == near("evenness", evenness(numbers), tolerance)
    assert scores["FrequencyInversion"]["main_score"] == pytest.approx(numbers["win_rate_low_high"], abs=tolerance)
    assert scores["FrequencyRetrieval"]["main_score"] == pytest.approx(numbers["document_form_ndcg_at_10_low"], abs=tolerance)


def test_numbers_that_cannot_be_had_are_nan_and_evenness_is_zero(pair_file):
    from freqbias.integrations.headline import headline
    from freqbias.models import embedder

    pairs = list(read_pairs(pair_file))
    numbers = headline(pairs, embedder("synthetic:embed_zero"), ["similarity"])
    assert math.isnan(numbers["relative_gap"])
    assert math.isnan(numbers["gloss_gap"])
    assert (numbers["evenness"], numbers["n_items"], numbers["n_failed"]) == (0, 0, len(pairs))
    assert (numbers["evenness_ci_low"], numbers["evenness_ci_high"]) == (0, 1)
    assert math.isnan(numbers["margin"])


def test_no_number_depends_on_what_a_model_is_called(pair_file):
    from freqbias.integrations.headline import headline
    from freqbias.testing.planted import PlantedEmbedder

    pairs = list(read_pairs(pair_file))
    first, second = (headline(pairs, PlantedEmbedder(pairs, noise=0.1, name=name), ["similarity"]) for name in ("one", "another"))
    assert first["relative_gap_ci_low"] < first["relative_gap"] < first["relative_gap_ci_high"]
    assert first == second


def test_every_number_has_its_row_in_the_docs(pair_file):
    """And every key of the table is a number."""
    import re
    from pathlib import Path

    from freqbias.integrations.headline import ARMS, headline
    from freqbias.testing.planted import PlantedEmbedder

    pairs = list(read_pairs(pair_file))
    found = list(headline(pairs, PlantedEmbedder(pairs), ["similarity", "inversion", "retrieval"]))
    text = (Path(__file__).parents[2] / "docs" / "evaluator.md").read_text(encoding="utf-8")
    rows = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in text.splitlines() if line.startswith("| ") and "`" in line]
    groups, known = [], {}
    for group, keys, _, *with_interval in rows:
        groups.append(group)
        ends = ("", "_ci_low", "_ci_high") if with_interval == ["yes"] else ("",)
        known |= {f"{key}{end}": group for key in re.findall(r"`(\w+)`", keys) for end in ends}
    prefixes = "|".join(filter(None, ARMS.values()))
    named = [re.sub(rf"^({prefixes})(?=.*_gap)", "", name) for name in found]
    assert set(named) == set(known)
    order = list(dict.fromkeys(groups))
    assert order == ["bias", "bias and capability", "capability", "sizes"]
    assert [order.index(known[name]) for name in named] == sorted(order.index(known[name]) for name in named)


def test_nothing_heavy_is_imported_before_it_is_asked_for():
    heavy = ("mteb", "sentence_transformers", "torch", "datasets")
    code = f"import sys, freqbias.probes, freqbias.probes.similarity; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("library", "extra"), [("mteb", "mteb"), ("sentence_transformers", "embed")])
def test_a_missing_library_is_named_with_its_extra(library, extra):
    if library == "mteb":
        present("datasets")  # comes first
    code = f"import sys; sys.modules['{library}'] = None; import freqbias.probes.{library}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert f"'{library}" in last
    assert last.endswith(f"run: {install_hint(extra)}")
