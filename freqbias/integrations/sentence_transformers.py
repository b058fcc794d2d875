"""Frequency bias inside sentence-transformers: an evaluator that works alone, in a `SequentialEvaluator` and in every trainer."""

import csv
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from freqbias.characters import guarded
from freqbias.errors import install_hint

try:
    from sentence_transformers.base.evaluation import BaseEvaluator
    from tqdm.auto import tqdm
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"the evaluator needs '{error.name}'; run: {install_hint('embed')}", name=error.name) from error

from freqbias.integrations.checkpoints import Checkpoint, Choice, choice
from freqbias.integrations.headline import content_hash, headline_and_items, usable
from freqbias.models.loading import loaded
from freqbias.progress import Track, one, silent
from freqbias.records import Pair
from freqbias.terms import WIN_RATE

log = logging.getLogger(__name__)
theirs = logging.getLogger("sentence_transformers")
T = TypeVar("T")

PROBES = ("similarity", "inversion")
LOGGED = ("gloss_gap", "gloss_gap_ci_low", "gloss_gap_ci_high", "evenness", "evenness_ci_low", "evenness_ci_high", WIN_RATE.name)


def _bar(items: Iterable[T], what: str, total: int, *, unit: str = "", size: Callable[[Any], int] = one) -> Iterable[T]:
    """Draw the library's own kind of bar."""
    with tqdm(desc=what, total=total, unit=f" {unit}" if unit else "it", leave=False) as bar:
        for item in items:
            yield item
            bar.update(size(item))


class FrequencyBiasEvaluator(BaseEvaluator):
    """Measure how differently a model treats frequent and rare wording of the same content.

    One class serves `SentenceTransformer`, `SparseEncoder`, `MultiVectorEncoder` and `CrossEncoder`: what differs between them is how
    they score a document for a query, and that is settled when a model is given. `pairs` are what `freqbias.read_pairs` yields; without
    them the bundled ones that `freqbias run` takes are used. The metrics, the ones of `freqbias run` on the same pairs, are explained
    in docs/evaluator.md and `freqbias.integrations.headline`; those that are undefined are nan. Gaps are in the model's own unit
    (cosine, dot, …). `show_progress_bar` shows how far it is; None shows it where sentence-transformers shows its own: where its logger
    is at INFO or below.

    `primary_metric` is `guarded_evenness`, and greater is better: `evenness`, 1 / (1 + |relative_gap|), at the lower end of its interval,
    times `win_rate`, how often the right document stands above a wrong one. The gap itself would not do for choosing a checkpoint: it has
    no better direction, and a space that collapses shrinks it together with everything else. `evenness` alone would not either: of
    checkpoints that do not differ it picks one by noise, and of two equally even ones it may pick the worse. When several checkpoints
    have been evaluated, `choice` says which is the most even and which it is not told from, and the first time that it is not told from
    the others a warning says so.

    `InputError` when no pair of arm `frequency` has glosses and decoys, or for a model of another library.

    >>> FrequencyBiasEvaluator(name="bias")(model)["bias_guarded_evenness"]  # doctest: +SKIP
    """

    def __init__(
        self, pairs: Sequence[Pair] | None = None, *, name: str = "", write_csv: bool = True, show_progress_bar: bool | None = None
    ):
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self.pairs = usable(pairs)
        self.name = name
        self.write_csv = write_csv
        self.show_progress_bar = show_progress_bar
        self.primary_metric = "guarded_evenness"
        self.csv_file = f"frequency_bias_evaluation{f'_{name}' if name else ''}_results.csv"
        self._checkpoints: list[Checkpoint] = []
        self._said: set[bool] = set()

    def __call__(self, model: Any, output_path: str | None = None, epoch: int = -1, steps: int = -1) -> dict[str, float]:
        """Return the metrics of a model, prefixed with the evaluator's name; append them to the CSV file in `output_path`."""
        numbers, items = headline_and_items(self.pairs, loaded(model, self.name or "model"), PROBES, self._track())
        log.info(
            "Frequency bias%s (epoch %s, steps %s): gloss gap %+.4f [%+.4f, %+.4f], evenness %.3f [%.3f, %.3f], win rate %.3f",
            self._on,
            epoch,
            steps,
            *(numbers[name] for name in LOGGED),
        )
        if output_path is not None and self.write_csv:
            self._write(Path(output_path), {"epoch": epoch, "steps": steps} | numbers)
        if steps is not None and steps >= 0:
            own = Checkpoint(steps=steps, evenness=numbers["evenness"], quality=numbers[WIN_RATE.name], items=items)
            self._note(own)
        metrics: dict[str, float] = self.prefix_name_to_metrics(numbers, self.name)
        self.store_metrics_in_model_card_data(model, metrics, epoch, steps)
        return metrics

    @property
    def choice(self) -> Choice | None:
        """The most even checkpoint of the last training that was evaluated, and which it is not told from; None for less than two.

        `str` of it is one sentence. Checkpoints that do not tell right from wrong documents take no part.
        """
        return choice(self._checkpoints)

    def _note(self, own: Checkpoint) -> None:
        """Keep a checkpoint, and say once each that the most even one is not told from the others, and that it is."""
        if self._checkpoints and own.steps == self._checkpoints[-1].steps:
            return  # the best one, which a trainer has loaded at the end
        if self._checkpoints and own.steps < self._checkpoints[-1].steps:
            self._checkpoints, self._said = [], set()  # another training
        self._checkpoints.append(own)
        found = self.choice
        if found is not None and found.is_told not in self._said:
            self._said.add(found.is_told)
            log.log(logging.INFO if found.is_told else logging.WARNING, "Frequency bias%s: %s", self._on, found)

    @property
    def _on(self) -> str:
        return f" on {self.name}" if self.name else ""

    def _track(self) -> Track:
        shown = theirs.getEffectiveLevel() <= logging.INFO if self.show_progress_bar is None else self.show_progress_bar
        return _bar if shown else silent

    def _write(self, folder: Path, row: dict[str, float]) -> None:
        """Append one row, under the column names if the file is new; undefined numbers are empty."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.csv_file
        new = not path.is_file()
        with path.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            if new:
                writer.writerow(map(guarded, row))
            writer.writerow(["" if math.isnan(value) else value for value in row.values()])

    def get_config_dict(self) -> dict[str, Any]:
        """Return what a model card should say of the evaluation."""
        return {"n_pairs": len(self.pairs), "pairs": content_hash(self.pairs)}
