"""Frequency bias inside sentence-transformers: an evaluator that works alone, in a `SequentialEvaluator` and in every trainer."""

import csv
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from freqbias.errors import install_hint

try:
    from sentence_transformers.base.evaluation import BaseEvaluator
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"the evaluator needs '{error.name}'; run: {install_hint('embed')}", name=error.name) from error

from freqbias.integrations.headline import content_hash, headline, usable
from freqbias.models.loading import loaded
from freqbias.records import Pair

log = logging.getLogger(__name__)

PROBES = ("similarity", "inversion")


class FrequencyBiasEvaluator(BaseEvaluator):
    """Measure how differently a model treats frequent and rare wording of the same content.

    One class serves `SentenceTransformer`, `SparseEncoder`, `MultiVectorEncoder` and `CrossEncoder`: what differs between them is how
    they score a document for a query, and that is settled when a model is given. `pairs` are what `freqbias.read_pairs` yields; without
    them the bundled ones that `freqbias run` takes are used. The metrics, the ones of `freqbias run` on the same pairs, are explained
    in `freqbias.integrations.headline`; those that are undefined are nan. Gaps are in the model's own unit (cosine, dot, …).

    `primary_metric` is `evenness`, 1 / (1 + |relative_gap|), and greater is better. The gap itself would not do for choosing a
    checkpoint: it has no better direction, and a space that collapses shrinks it together with everything else. Evenness measures it
    against what separates right from wrong in the same checkpoint, so it rises only when wording matters less *relative to meaning*. To
    choose by how often a right but rarely worded document beats a wrong one in frequent words, name `win_rate_low_high` in
    `metric_for_best_model`.

    `InputError` when no pair of arm `frequency` has glosses and decoys, or for a model of another library.

    >>> FrequencyBiasEvaluator(name="bias")(model)["bias_evenness"]  # doctest: +SKIP
    """

    def __init__(self, pairs: Sequence[Pair] | None = None, *, name: str = "", write_csv: bool = True):
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self.pairs = usable(pairs)
        self.name = name
        self.write_csv = write_csv
        self.primary_metric = "evenness"
        self.csv_file = f"frequency_bias_evaluation{f'_{name}' if name else ''}_results.csv"

    def __call__(self, model: Any, output_path: str | None = None, epoch: int = -1, steps: int = -1) -> dict[str, float]:
        """Return the metrics of a model, prefixed with the evaluator's name; append them to the CSV file in `output_path`."""
        numbers = headline(self.pairs, loaded(model, self.name or "model"), PROBES)
        log.info(
            "Frequency bias%s (epoch %s, steps %s): gloss gap %+.4f [%+.4f, %+.4f], evenness %.3f",
            f" on {self.name}" if self.name else "",
            epoch,
            steps,
            *(numbers[name] for name in ("gloss_gap", "gloss_gap_ci_low", "gloss_gap_ci_high", "evenness")),
        )
        if output_path is not None and self.write_csv:
            self._write(Path(output_path), {"epoch": epoch, "steps": steps} | numbers)
        metrics: dict[str, float] = self.prefix_name_to_metrics(numbers, self.name)
        self.store_metrics_in_model_card_data(model, metrics, epoch, steps)
        return metrics

    def _write(self, folder: Path, row: dict[str, float]) -> None:
        """Append one row, under the column names if the file is new; undefined numbers are empty."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.csv_file
        new = not path.is_file()
        with path.open("a", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            if new:
                writer.writerow(row)
            writer.writerow(["" if math.isnan(value) else value for value in row.values()])

    def get_config_dict(self) -> dict[str, Any]:
        """Return what a model card should say of the evaluation."""
        return {"n_pairs": len(self.pairs), "pairs": content_hash(self.pairs)}
