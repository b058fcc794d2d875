"""A judged collection out of the docstrings of Python and of the packages that freqbias needs, and a model that does planted harm.

A document is what a docstring says behind its first sentence; the first sentence is the query that it answers (grade 2), and what other
things of the same module say is half an answer (grade 1). Nothing is downloaded and nothing is imported: sources are read.
"""

import inspect
import json
import re
import sysconfig
import zlib
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from freqbias.models.protocols import ModelInfo
from freqbias.models.relevance import as_scorer
from freqbias.paraphrases.synonyms import read_synonyms
from freqbias.terms import FREQUENCY

PACKAGES = ("numpy", "pandas", "scipy")  # dependencies, read after Python's own modules until there are enough
DOCUMENTS = 2000
QUERIES = 400
MIN_WORDS, MAX_WORDS = 25, 100
HALF = 3  # words of a query that half an answer has

#: Frequent word, rare word, part of speech: those that do harm, and those that do none.
HARMED = (
    ("value", "valuation", "noun"),
    ("file", "dossier", "noun"),
    ("object", "artefact", "noun"),
    ("name", "appellation", "noun"),
    ("error", "misstep", "noun"),
    ("number", "numeral", "noun"),
    ("argument", "contention", "noun"),
    ("path", "footpath", "noun"),
)
HARMLESS = (
    ("list", "roster", "noun"),
    ("method", "modus", "noun"),
    ("create", "engender", "verb"),
    ("different", "disparate", "adjective"),
    ("function", "functionality", "noun"),
    ("string", "sinew", "noun"),
    ("element", "constituent", "noun"),
    ("message", "missive", "noun"),
    ("version", "rendition", "noun"),
    ("code", "cipher", "noun"),
    ("result", "upshot", "noun"),
    ("size", "magnitude", "noun"),
    ("line", "demarcation", "noun"),
    ("module", "submodule", "noun"),
    ("exception", "anomaly", "noun"),
    ("sequence", "succession", "noun"),
)

_DOCSTRING = re.compile(r'^ *(?:async +)?(?:def|class) +(\w+)[^"\'#]{0,300}?: *\n\s*[rR]?"""(.+?)"""', re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"[a-z]+")


@cache
def docstrings():
    """Return (module, query, text) of every docstring that has prose behind its first sentence, texts and queries all different."""
    found, seen = [], set()
    for path in _sources():
        for match in _DOCSTRING.finditer(path.read_text(encoding="utf-8", errors="replace")):
            query, _, rest = inspect.cleandoc(match[2]).partition("\n\n")
            query, text = " ".join(query.split()), _prose(rest)
            if 4 <= len(query.split()) <= 25 and text and not {query, text} & seen:
                seen |= {query, text}
                found.append((path.stem, query, text))
        if len(found) >= DOCUMENTS:
            break
    return found[:DOCUMENTS]


def _sources():
    for base in (Path(sysconfig.get_path("stdlib")), *(Path(sysconfig.get_path("purelib")) / name for name in PACKAGES)):
        for path in sorted(base.rglob("*.py")):
            if not {"site-packages", "test", "tests", "idlelib", "pydoc_data"} & set(path.relative_to(base).parts):
                yield path


def _prose(rest):
    """Return the paragraphs of running text, without parameters and examples; None where they are too short."""
    parts = []
    for part in re.split(r"\n\s*\n", rest):
        if re.match(r"\s*(Parameters|Returns|Examples|See Also|References|Raises)\n", part):
            break
        if not re.search(r">>>|\.\. |::|----|={3}", part):
            parts.append(" ".join(part.split()))
    words = " ".join(parts).split()
    return " ".join(words[:MAX_WORDS]) if len(words) >= MIN_WORDS else None


def write_collection(folder):
    """Write the collection in the layout of BEIR; return the folder."""
    rows = docstrings()
    words = [{word for word in _WORD.findall(text.lower()) if len(word) > 3} for _, _, text in rows]
    asks = [{word for word in _WORD.findall(query.lower()) if len(word) > 3} for _, query, _ in rows]
    clear = [place for place in range(len(rows)) if len(words[place] & asks[place]) >= 2]
    swapped = {word for row in (*HARMED, *HARMLESS) for word in (row[0], f"{row[0]}s")}
    asked = sorted(sorted(clear, key=lambda place: not asks[place] & swapped)[:QUERIES])
    corpus = [{"_id": f"d{place}", "title": "", "text": text} for place, (_, _, text) in enumerate(rows)]
    queries = [{"_id": f"q{place}", "text": rows[place][1]} for place in asked]
    judged = [(f"q{place}", f"d{place}", 2) for place in asked]
    for place in asked:
        near = [other for other in range(max(0, place - 5), min(len(rows), place + 6)) if rows[other][0] == rows[place][0]]
        judged += [(f"q{place}", f"d{other}", 1) for other in near if other != place and len(words[other] & asks[place]) >= HALF]
    (folder / "qrels").mkdir(parents=True)
    for name, content in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
    lines = ["query-id\tcorpus-id\tscore", *(f"{query}\t{document}\t{score}" for query, document, score in judged)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def write_synonyms(path):
    """Write the table of the words that are swapped; return its path."""
    path.write_text("".join(",".join(row) + "\n" for row in (*HARMED, *HARMLESS)), encoding="utf-8")
    return path


class PlantedRetriever:
    """Sums of random vectors of words, in which both words of a couple are one: wording makes no difference to it by itself.

    A rare word of `HARMED` without its frequent one in the same text draws the text away, `harm` times as long as its vector was, towards
    other words of the collection. `common` is a part that all texts have: scores are nearer to each other for it, and ranks the same.
    """

    similarity = "cosine"
    max_tokens = None

    def __init__(self, *, harm=1.0, common=0.0, name="planted", width=256):
        with TemporaryDirectory() as folder:
            couples = read_synonyms(write_synonyms(Path(folder) / "synonyms.csv")).arms[FREQUENCY].couples
        own = [couple for of_form in couples.values() for couple in of_form if couple[2].startswith("own:")]
        self._frequent = {low: high for high, low, _ in own}
        bad = {f"own:{'-'.join(row)}" for row in HARMED}
        self._harmed = {low for _, low, name in own if name in bad}
        self._harm, self._common, self._width = harm, common, width
        self._known = {}
        counts = Counter(word for _, query, text in docstrings() for word in set(_WORD.findall(f"{query} {text}".lower())))
        self._weights = {word: np.log(1 + len(docstrings()) / count) for word, count in counts.items()}
        self._others = sorted(word for word, count in counts.items() if 20 <= count <= 100)
        self.info = ModelInfo(name=name, kind="embedder", source="memory")

    def _vector(self, word):
        if word not in self._known:
            made = np.random.default_rng(zlib.crc32(word.encode())).standard_normal(self._width)
            self._known[word] = made / np.linalg.norm(made)
        return self._known[word]

    def _away(self, word):
        """Return where a rare word draws a text: the sum of some other words of the collection."""
        chosen = np.random.default_rng(zlib.crc32(word.encode())).choice(self._others, 3, replace=False)
        total = sum(self._vector(other) for other in chosen)
        return total / np.linalg.norm(total)

    def encode(self, texts, *, role):
        """Return one vector a text, float32 of shape (n, width + 1), the last for what all have in common."""
        vectors = np.zeros((len(texts), self._width + 1))
        for row, text in zip(vectors, texts, strict=True):
            words = _WORD.findall(text.lower())
            for word in set(words):
                own = self._frequent.get(word, word)
                row[:-1] += (1 + np.log(words.count(word))) * self._weights.get(own, 8.0) * self._vector(own)
            size = np.linalg.norm(row)
            for word in self._harmed & set(words):
                if self._frequent[word] not in words:
                    row[:-1] += self._harm * size * self._away(word)
            row[:-1] /= max(np.linalg.norm(row), 1e-9)
            row[-1] = self._common
        return vectors.astype(np.float32)

    def token_counts(self, texts):
        """Count words, of which the rare ones are two pieces."""
        return [sum(1 + (word in self._frequent) for word in _WORD.findall(text.lower())) for text in texts]


class Judge:
    """Reads query and document together, without the harm: what a good cross-encoder would be."""

    pairwise = True
    measure = "cosine"
    max_tokens = None

    def __init__(self, name="judge"):
        self._model = as_scorer(PlantedRetriever(harm=0.0, name=name))
        self.info = self._model.info
        self.prepare = self._model.prepare
        self.scores, self.matrix, self.pooled = self._model.scores, self._model.matrix, self._model.pooled
        self.token_counts = self._model.token_counts

    def uncached(self):
        """Return itself."""
        return self
