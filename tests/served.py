"""Models behind the misbehaving server, and what they should say."""

from misbehaving import MODEL

from freqbias.models.adapters.http import HttpEmbedder, HttpLanguageModel
from freqbias.models.adapters.http_client import Patience
from freqbias.models.protocols import ModelInfo

QUICK = Patience(first_pause_s=0.01, longest_pause_s=0.02, answer_s=3.0, total_s=20.0)
LM = ModelInfo(name=MODEL, kind="language_model", source="server")
EMBEDDER = ModelInfo(name=MODEL, kind="embedder", source="server")
TEXTS = ["one small step", "TARGET of a reset", "and a third text"]
VALUES = [-len(text) / 2 for text in TEXTS]


class CodePoints:
    """A tokenizer whose tokens are characters, as the server's is when it is sent ids."""

    first = 0
    details = {"first_token_context": "NUL", "prompt_format": "plain"}  # noqa: RUF012

    def ids(self, texts):
        return [[ord(letter) for letter in text] for text in texts]

    def continued(self, contexts, continuations):
        return self.ids([a + b for a, b in zip(contexts, continuations, strict=True)]), list(map(len, continuations))

    def prompts(self, texts):
        return self.ids(texts)

    def format_prompt(self, prompt):
        return f"<{prompt}>"


def language_model(server, tokens=None, **options):
    return HttpLanguageModel(server.url, MODEL, LM, tokens, **{"patience": QUICK, **options})


def embedder(server, **options):
    return HttpEmbedder(server.url, MODEL, EMBEDDER, **{"patience": QUICK, **options})


def sums(rows):
    return [row.sum() for row in rows]
