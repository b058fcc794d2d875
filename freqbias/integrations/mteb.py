"""Frequency bias inside MTEB: `mteb.evaluate(model, benchmark(), cache=None)`.

MTEB keeps no list of foreign tasks, so tasks are objects that are made here. All are retrieval tasks with a fixed list of documents for
every query (`top_ranked`), which is what dense, sparse, multi-vector and cross-encoder models all run on. A task asks its probe which
couples of query and document it wants, has MTEB score them, and hands the scores to the same probe and estimates that `freqbias run`
uses: the same pairs and model give the same numbers, whose names are explained in `freqbias.integrations.headline`. MTEB's own ranking
scores over these lists say nothing about frequency and are left out.

MTEB's cache knows a task by its name only, so the name ends in a hash of the texts and the revision holds freqbias' version. It knows
a model by its name too, and every local model without one is the same to it: pass `cache=None`, or name the model.

What differs from a run: the models' tokenizers are not asked, so nothing is said on subwords and truncation; MTEB stops with an error
where `freqbias run` writes a row with `error` (scores that are not a number); white space around documents is stripped. Where every
score costs a forward pass (cross-encoders), and above `MOST_COUPLES` for all models, the background is the fixed sample of items that
`similarity` takes for pair scorers.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from freqbias.errors import install_hint

try:
    from datasets import Dataset
    from langcodes import Language
    from mteb import Benchmark, CrossEncoderProtocol, TaskMetadata
    from mteb.abstasks import AbsTaskRetrieval
    from mteb.models.sentence_transformer_wrapper import CrossEncoderWrapper
    from torch.nn import Identity
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"the MTEB tasks need '{error.name}'; run: {install_hint('mteb')}", name=error.name) from error

from freqbias import __version__
from freqbias.integrations.headline import content_hash, headline, usable
from freqbias.models import ModelInfo
from freqbias.models.relevance import Pool, Scorer, Scores
from freqbias.probes.common import documents_of, queries_of
from freqbias.progress import Track, silent
from freqbias.records import Pair
from freqbias.registry import load

MOST_COUPLES = 4_000_000  # MTEB and the look-up hold 200 bytes a couple (measured up to this many): 0.8 GB
SPLIT = "test"
SUBSET = "default"
OURS = "freqbias"  # where our numbers stand among MTEB's until those are left out
UNUSED = ("neutral", "naming_high", "naming_low")  # queries of contrasts that are not reported; MTEB would drop them or rank by them
CITATION = """@software{freqbias,
  author = {{The freqbias developers}},
  title = {freqbias: do models treat frequent and rare wording of the same content differently?},
  year = {2026},
}"""
#: What is true of the bundled texts and unknown of others; see the datasheet beside them.
BUNDLED: dict[str, Any] = {
    "license": "cc-by-4.0",
    "domains": ["Constructed", "Written"],
    "date": ("2026-11-01", "2026-11-30"),
    "annotations_creators": "LM-generated",
    "sample_creation": "created",
    "dialect": [],
    "task_subtypes": [],
}


class _Table:
    """A `Scorer` whose scores of single couples come from `value`."""

    measure = "relevance"
    max_tokens = None

    def __init__(self, *, pairwise: bool):
        self.info = ModelInfo(name="mteb", kind="scorer", source="callable")
        self.pairwise = pairwise

    def value(self, query: str, document: str) -> float:
        """Return the score of one couple."""
        raise NotImplementedError

    def prepare(self, queries: Iterable[str], documents: Iterable[str], track: Track = silent) -> None:
        """Do nothing: MTEB encodes."""

    def scores(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return one score per couple."""
        return np.array([self.value(*couple) for couple in zip(queries, documents, strict=True)], dtype=np.float64)

    def matrix(self, queries: Sequence[str], documents: Sequence[str]) -> Scores:
        """Return all scores."""
        values = [[self.value(query, document) for document in documents] for query in queries]
        return np.array(values, dtype=np.float64).reshape(len(queries), len(documents))

    def pooled(self, queries: Sequence[str], weights: Sequence[float]) -> Pool:
        """Return the weighted sum of a document's scores."""
        return Pool(math.fsum(weights), lambda documents: np.asarray(weights, dtype=np.float64) @ self.matrix(queries, documents))

    def uncached(self) -> Scorer:
        """Return itself: nothing is kept."""
        return self

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return None: MTEB's models need no tokenizer."""
        return None


class _Asked(_Table):
    """Notes which couples a probe asks for; a probe asks for the same ones whatever the scores are."""

    def __init__(self, *, pairwise: bool):
        super().__init__(pairwise=pairwise)
        self.couples: dict[str, dict[str, None]] = {}

    def value(self, query: str, document: str) -> float:
        """Note the couple."""
        self.couples.setdefault(query, {})[document] = None
        return 0.0


class _Answered(_Table):
    """Knows the scores that MTEB computed."""

    def __init__(self, found: Mapping[str, Mapping[str, float]], *, pairwise: bool):
        super().__init__(pairwise=pairwise)
        self._found = found

    def value(self, query: str, document: str) -> float:
        """Look the couple up."""
        return self._found[query][document]


class FrequencyTask(AbsTaskRetrieval):
    """What the tasks share; `of` makes one."""

    probe: ClassVar[str]
    main: ClassVar[str]
    summary: ClassVar[str]
    pairs: ClassVar[Sequence[Pair]]
    data_loaded: bool = False

    @classmethod
    def of(cls, pairs: Sequence[Pair] | None = None) -> Self:
        """Return the task over `pairs`, or over the bundled pairs that `freqbias run` takes.

        `InputError` unless pairs of the frequency arm have glosses and decoys.
        """
        kept = [_without_unused(pair) for pair in usable(pairs)]
        documents = {text for pair in kept for text in documents_of(pair)}
        members = {
            "pairs": kept,
            "metadata": _metadata(cls, kept, bundled=pairs is None),
            "k_values": (1, len(documents)),  # MTEB wants the first; the last keeps it from cutting the lists
        }
        # MTEB reads metadata from the class, also after it unloaded an object's data; so every set of pairs has a class of its own
        made: type[Self] = type(cls.__name__, (cls,), members)
        return made()

    def load_data(self, num_proc: int | None = None, **options: Any) -> None:
        """Lay the texts out as MTEB wants them; nothing is downloaded."""
        if self.data_loaded:
            return
        documents = _numbered("d", (text for pair in self.pairs for text in documents_of(pair)))
        queries = _numbered("q", (text for pair in self.pairs for text in queries_of(pair)))
        relevant: dict[str, dict[str, int]] = {}
        for pair in self.pairs:
            for query in queries_of(pair):
                relevant.setdefault(queries[query], {}).update({documents[text]: 1 for text in (pair.high, pair.low)})
        split: Any = {
            "corpus": _dataset(documents),
            "queries": _dataset(queries),
            "relevant_docs": relevant,
            "top_ranked": None,  # depends on the model; see below
        }
        self._texts = {number: text for numbers in (documents, queries) for text, number in numbers.items()}
        self.dataset = {SUBSET: {SPLIT: split}}
        self.data_loaded = True

    def _evaluate_subset(self, model: Any, data_split: Any, **options: Any) -> dict[str, float]:
        """Have MTEB score the couples that the probe wants from a model of this kind."""
        most = len(data_split["queries"]) * len(data_split["corpus"])
        asked = _Asked(pairwise=isinstance(model, CrossEncoderProtocol) or most > MOST_COUPLES)
        for _ in load("probes", self.probe)(self.pairs, asked):
            pass
        self._pairwise = asked.pairwise
        numbers = {text: number for number, text in self._texts.items() if number.startswith("d")}
        lists = {
            number: [numbers[document] for document in asked.couples[self._texts[number]]]
            for number in data_split["queries"]["id"]
            if self._texts[number] in asked.couples
        }
        if isinstance(model, CrossEncoderWrapper):
            # logits, as in a run: a sigmoid saturates
            options["encode_kwargs"] = options["encode_kwargs"] | {"activation_fn": Identity()}
        scores: Any = super()._evaluate_subset(model, data_split | {"top_ranked": lists}, **options)
        ours: dict[str, float] = scores[OURS]
        return ours

    def task_specific_scores(
        self, scores: Any, qrels: Any, results: Mapping[str, Mapping[str, float]], hf_split: str, hf_subset: str
    ) -> dict[str, Any]:
        """Return what freqbias says of MTEB's scores, apart from its own; numbers that are undefined are left out."""
        found = {self._texts[query]: {self._texts[document]: value for document, value in own.items()} for query, own in results.items()}
        numbers = headline(self.pairs, _Answered(found, pairwise=self._pairwise), [self.probe])
        return {OURS: {name: value for name, value in numbers.items() if math.isfinite(value)}}


class FrequencyPreference(FrequencyTask):
    """Ask whether a document in frequent wording lies nearer to third wordings of its content (`gloss`) or to everything (`background`).

    The main score is `evenness`, 1 / (1 + |gap| / margin): higher is better, 1 is even.
    """

    probe = "similarity"
    main = "evenness"
    summary = (
        "Does a document in frequent wording lie nearer to a third wording of its content, or to all queries, than one in rare wording?"
    )


class FrequencyInversion(FrequencyTask):
    """Ask whether the right document in rare wording loses to a wrong one in frequent wording.

    The main score is `win_rate_low_high`, the share of glosses for which it does not.
    """

    probe = "inversion"
    main = "win_rate_low_high"
    summary = "Does the right document in rare wording lose to a wrong one in frequent wording?"


class FrequencyRetrieval(FrequencyTask):
    """Ask how far down a ranked corpus the right document falls when its wording is rare.

    The main score is `document_form_ndcg_at_10_low`, nDCG@10 of the rare form. The corpus is the one of probe `retrieval`.
    """

    probe = "retrieval"
    main = "document_form_ndcg_at_10_low"
    summary = "How far down a ranked corpus does the right document fall when its wording is rare?"


TASKS = (FrequencyPreference, FrequencyInversion, FrequencyRetrieval)


def benchmark(pairs: Sequence[Pair] | None = None) -> Benchmark:
    """Return the tasks as one MTEB benchmark over `pairs`, or over the bundled pairs that `freqbias run` takes.

    >>> mteb.evaluate(model, benchmark(), cache=None)  # doctest: +SKIP
    """
    tasks = [task.of(pairs) for task in TASKS]
    return Benchmark(
        name=f"FrequencyBias_{content_hash(tasks[0].pairs)}",
        tasks=tasks,
        description="Do models treat frequent and rare wording of the same content differently?",
        reference=_reference(),
        citation=CITATION,
    )


def _without_unused(pair: Pair) -> Pair:
    return pair.replace(queries={name: texts for name, texts in pair.queries.items() if name not in UNUSED})


def _reference() -> str:
    return "https://arxiv.org/abs/2604.02176"  # the claim under test


def _metadata(task: type[FrequencyTask], pairs: Sequence[Pair], *, bundled: bool) -> TaskMetadata:
    return TaskMetadata(
        name=f"{task.__name__}_{content_hash(pairs)}",
        description=task.summary,
        dataset={"path": "freqbias", "revision": __version__},
        type="Reranking",  # of fixed lists; MTEB keeps sparse vectors sparse for the type Retrieval and then cannot look lists up in them
        category="t2t",
        modalities=["text"],
        eval_splits=[SPLIT],
        eval_langs=sorted({_language(pair.language) for pair in pairs}),
        main_score=task.main,
        reference=_reference(),
        bibtex_citation=CITATION,
        **(BUNDLED if bundled else {"license": "not specified"}),
    )


def _language(code: str) -> str:
    """Return wordfreq's language code as MTEB writes it: `en` is `eng-Latn`."""
    language = Language.get(code)
    return f"{language.to_alpha3()}-{language.maximize().script}"


def _numbered(letter: str, texts: Iterable[str]) -> dict[str, str]:
    """Return an id for every distinct text."""
    return {text: f"{letter}{number}" for number, text in enumerate(dict.fromkeys(texts))}


def _dataset(numbers: Mapping[str, str]) -> Dataset:
    return Dataset.from_dict({"id": list(numbers.values()), "text": list(numbers)})
