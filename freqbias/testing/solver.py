"""A language model without weights that answers tasks, with effects of wording, letter and prompt planted in it, or none."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from freqbias.frequency import tokens
from freqbias.models import ModelInfo
from freqbias.records import Pair
from freqbias.tasks.answers import letter_of
from freqbias.tasks.asked import Asked, asked_of
from freqbias.terms import PLAIN, SIDES
from freqbias.testing.planted import noise_of

ABILITY, SPREAD = 1.0, 1.5  # nats of the right answer over any wrong one: mean, and standard deviation over items
BASE = -14.0  # nats of a wrong answer
NOISE = 0.15  # nats, standard deviation over wordings and answers

#: Nats that the right answer gains by the wording of a question.
Effect = Callable[[str], float]


def no_effect(question: str) -> float:
    """Return nothing: wording plays no part."""
    return 0.0


class PlantedSolver:
    """Answers the tasks of the pairs that it knows: the right answer gains `effect(question)` nats, each letter and prompt its own.

    `letters` are nats by letter, `prompts` by the name of a prompt. It writes the answer that it finds most likely among right and wrong
    ones; an item whose id is in `mumbles` gets an answer that nobody can read. Numbers depend on the texts alone.
    """

    path: str | None = None

    def __init__(
        self,
        pairs: Iterable[Pair],
        *,
        effect: Effect = no_effect,
        letters: Mapping[str, float] | None = None,
        prompts: Mapping[str, float] | None = None,
        ability: float = ABILITY,
        noise: float = NOISE,
        mumbles: Iterable[str] = (),
        name: str = "planted",
    ):
        self.info = ModelInfo(name=name, kind="language_model", source="memory", details={"prompt_format": PLAIN})
        self._effect, self._letters, self._prompts = effect, dict(letters or {}), dict(prompts or {})
        self._ability, self._noise, self._mumbles = ability, noise, frozenset(mumbles)
        self._known: dict[str, tuple[Asked, str]] = {}
        for pair in pairs:
            asked = asked_of(pair)
            if asked is not None:
                for side in SIDES:
                    question = getattr(pair, side)
                    context = f"{asked.prompt.message(asked.item, question)}\n{asked.prompt.beginning(asked.item)}"
                    self._known[context] = (asked, question)

    def continuation_log_probs(self, contexts: Sequence[str], continuations: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(answer | question in its prompt), in nats; shape (n,)."""
        return np.array([self._score(context, answer) for context, answer in zip(contexts, continuations, strict=True)])

    def _score(self, context: str, answer: str) -> float:
        asked, question = self._known[context]
        found = BASE + self._noise * float(noise_of(context + answer)[0]) + self._letters.get(answer.strip(), 0.0)
        if answer in [asked.written(text) for text in asked.gold]:
            own = float(noise_of(asked.item.id)[1])
            found += self._ability + SPREAD * own + self._effect(question) + self._prompts.get(asked.prompt.name, 0.0)
        return min(found, -1e-6)

    def choices(self, context: str, options: Sequence[str]) -> NDArray[np.float64]:
        """Return log p(option | context) of each option, in nats; shape (k,)."""
        return self.continuation_log_probs([context] * len(options), options)

    def generate(self, prompts: Sequence[str], *, max_tokens: int, stop: Sequence[str] = ()) -> list[str | None]:
        """Return the answer that is most likely."""
        return [self._answer(prompt) for prompt in prompts]

    def _answer(self, context: str) -> str:
        asked, _ = self._known[context]
        if asked.item.id in self._mumbles:
            return " hard to say"
        options = [letter_of(place) for place in range(len(asked.item.options))]
        answers = [asked.written(text) for text in options or [*asked.gold, *asked.wrong]]
        return max(answers, key=lambda answer: self._score(context, answer))

    def log_probs(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        """Return the same number for every word."""
        return [np.full(len(tokens(text)), BASE) for text in texts]

    def format_prompt(self, prompt: str) -> str:
        """Return the prompt as it is."""
        return prompt

    def token_counts(self, texts: Sequence[str]) -> list[int] | None:
        """Return the number of words of each text."""
        return [len(tokens(text)) for text in texts]
