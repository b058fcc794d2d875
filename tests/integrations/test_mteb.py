"""The MTEB tasks: what they say of themselves, what their names stand for, and what happens where not every couple can be scored."""

import numpy as np
import pytest
from conftest import missing
from tables import far_decoys

from freqbias.errors import InputError, install_hint
from freqbias.files import read_pairs, write_records
from freqbias.paraphrases.lexicon import generate
from freqbias.records import Pair

try:
    import mteb
    import sentence_transformers as st
except ModuleNotFoundError as error:
    missing(f"{error.name}: {install_hint('mteb')}")

import freqbias.integrations.mteb as plugin
from freqbias.integrations.headline import headline
from freqbias.integrations.mteb import FrequencyPreference, FrequencyRetrieval, benchmark
from freqbias.models import embedder
from freqbias.models.loading import loaded
from freqbias.models.relevance import as_scorer

NAMES = ["FrequencyPreference", "FrequencyInversion", "FrequencyRetrieval"]

pytestmark = [
    pytest.mark.usefixtures("offline"),
    # MTEB reads what it shows of a model by names that it or sentence-transformers has given up
    pytest.mark.filterwarnings("ignore:The fill_missing parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The `get_sentence_embedding_dimension` method:FutureWarning"),
]


@pytest.fixture(scope="module")
def pairs():
    return far_decoys(generate(n=40, seed=3))  # more items, in both arms, than the background of a pair scorer takes


@pytest.fixture
def tiny(model_folders):
    return st.SentenceTransformer(str(model_folders["tiny"]), device="cpu")


def scores(model, tasks, cache=None):
    result = mteb.evaluate(model, tasks, cache=cache, show_progress_bar=False)
    return [task.scores["test"][0] for task in result.task_results]


def test_tasks_of_the_bundled_pairs_describe_themselves():
    found = benchmark()
    assert isinstance(found, mteb.Benchmark)
    assert [task.metadata.name.partition("_")[0] for task in found.tasks] == NAMES
    for task in found.tasks:
        assert task.metadata.is_filled()
        assert task.metadata.eval_langs == ["eng-Latn"]
        assert task.metadata.license == "cc-by-4.0"
        assert [pair.id for pair in task.pairs] == [pair.id for pair in generate(n=80)]
        assert task.languages == ["eng"]


def test_other_pairs_are_not_described_as_ours(pairs):
    german = [pair.replace(language="de") for pair in pairs]
    metadata = FrequencyPreference.of(german).metadata
    assert (metadata.license, metadata.eval_langs, metadata.domains) == ("not specified", ["deu-Latn"], None)


def test_the_name_changes_with_the_content_and_only_with_it(pairs, tmp_path):
    def name(some):
        return FrequencyPreference.of(some).metadata.name

    write_records(tmp_path / "pairs.jsonl", pairs)
    assert name(list(read_pairs(tmp_path / "pairs.jsonl"))) == name(pairs)
    assert name([pair.replace(meta={}) for pair in pairs]) == name(pairs)
    first, *rest = pairs
    for changed in (first.replace(high=first.high + "!"), first.replace(item="other"), first.replace(arm="placebo")):
        assert name([changed, *rest]) != name(pairs)
    assert name(rest) != name(pairs)


def test_a_named_model_meets_its_cache_only_with_the_same_texts(pairs, tiny, tmp_path):
    tiny.model_card_data.set_model_id("somebody/tiny")
    cache = mteb.ResultCache(cache_path=tmp_path)
    first = scores(tiny, [FrequencyPreference.of(pairs[:30])], cache)
    second = scores(tiny, [FrequencyPreference.of(pairs[:20])], cache)
    again = scores(tiny, [FrequencyPreference.of(pairs[:30])], cache)
    assert first[0]["main_score"] != second[0]["main_score"]
    assert again[0]["main_score"] == pytest.approx(first[0]["main_score"], abs=1e-6)
    assert len(list(tmp_path.rglob("FrequencyPreference_*.json"))) == 2


def test_tasks_can_be_used_again(pairs, tiny):
    task = FrequencyRetrieval.of(pairs[:20])
    assert scores(tiny, [task])[0] == scores(tiny, [task])[0]


@pytest.mark.parametrize("probe", ["similarity", "retrieval"])
def test_too_many_couples_are_sampled_as_for_a_pair_scorer(probe, pairs, tiny, model_folders, monkeypatch):
    monkeypatch.setattr(plugin, "MOST_COUPLES", 1000)
    task = {"similarity": FrequencyPreference, "retrieval": FrequencyRetrieval}[probe].of(pairs)
    (found,) = scores(tiny, [task])
    scorer = as_scorer(embedder(str(model_folders["tiny"])))
    whole = headline(pairs, scorer, [probe])
    scorer.pairwise = True
    sampled = headline(pairs, scorer, [probe])
    name = {"similarity": "background_gap", "retrieval": "document_form_ndcg_at_10_low"}[probe]
    assert abs(whole[name] - sampled[name]) > 1e-5
    assert {key: found[key] for key in sampled} == pytest.approx(sampled, abs=1e-6, rel=1e-4)


def test_prompts_and_similarity_are_those_of_a_run(pairs, model_folders):
    folder = str(model_folders["tiny"])
    prompts = {"query": "query: ", "document": "passage: "}
    model = st.SentenceTransformer(folder, device="cpu", prompts=prompts, similarity_fn_name="dot")
    tasks = benchmark(pairs[:30])
    found = {name: value for task in scores(model, tasks) for name, value in task.items()}
    expected = headline(pairs[:30], loaded(model, "prompted"), ["similarity", "inversion", "retrieval"])
    bare = headline(pairs[:30], as_scorer(embedder(folder)), ["similarity"])
    assert abs(expected["gloss_gap"] - bare["gloss_gap"]) > 1e-3
    del expected["guarded_evenness"]  # of two probes; a task has one
    known = {name: value for name, value in expected.items() if np.isfinite(value)}
    assert {name: found[name] for name in known} == pytest.approx(known, abs=1e-5, rel=1e-4)  # dot products of about 10


def test_pairs_that_cannot_be_used_are_refused():
    with pytest.raises(InputError, match="no pair of arm 'frequency' has both"):
        benchmark([Pair(id="1", item="a", high="The car broke down.", low="The jalopy broke down.")])
