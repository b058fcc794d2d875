"""The stages as functions on files; the commands and `run` call these."""

import logging
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freqbias import registry
from freqbias.compression import in_folder, is_compressed, plain_name
from freqbias.errors import InputError
from freqbias.files import (
    PairFile,
    file_in,
    read_estimates,
    read_observations,
    read_pairs,
    read_text,
    sha256,
    write_json,
    write_records,
    write_text,
)
from freqbias.judgement import Judgements
from freqbias.progress import Track, chunks, silent
from freqbias.records import Estimate, Pair
from freqbias.run import holdout, manifest
from freqbias.run.journal import only_writer, side_file
from freqbias.run.manifest import beside, path_of
from freqbias.run.parts import PARTS_FOLDER
from freqbias.terms import (
    AUDIT_FILE,
    ESTIMATES_FILE,
    ESTIMATES_TABLE,
    FIGURES_FOLDER,
    FINDINGS_REPORT,
    FREQUENCY,
    HIGH,
    HTML_REPORT,
    JSON_REPORT,
    LOW,
    MANIFEST_FILE,
    MARKDOWN_REPORT,
    MODEL_ESTIMATES_FILE,
    OBSERVATIONS_FILE,
    PAIRS_FILE,
    REMEDIES_FILE,
    SYNONYM_LISTS,
    WORST_QUERIES_FILE,
)

if TYPE_CHECKING:
    from freqbias.matching import Balance

log = logging.getLogger(__name__)
RUN_FILES = (PAIRS_FILE, OBSERVATIONS_FILE, ESTIMATES_FILE, MANIFEST_FILE)
DERIVED = (ESTIMATES_FILE, HTML_REPORT, MARKDOWN_REPORT, FINDINGS_REPORT, JSON_REPORT, ESTIMATES_TABLE)


def make_pairs(generator: str, sources: Sequence[Path], options: Mapping[str, Any], words: Sequence[str] = ()) -> list[Pair]:
    """Run a generator with the options that were given; arguments and errors as in `freqbias.paraphrases.generators.generate`."""
    from freqbias.paraphrases.generators import generate

    return generate(generator, sources, options, words)


def audit_pairs(
    pairs: Path, out: Path, *, tokenizer: str | None = None, similarity: str | None = None, track: Track = silent
) -> dict[str, Any]:
    """Audit a pair file and write the result; arguments as in `audit_of`."""
    result = audit_of(read_pairs(pairs), tokenizer=tokenizer, similarity=similarity, track=track)
    write_json(out, result)
    return result


def audit_of(
    pairs: Iterable[Pair], *, tokenizer: str | None = None, similarity: str | None = None, track: Track = silent
) -> dict[str, Any]:
    """Return the audit of pairs; `tokenizer` and `similarity` name embedding models."""
    from freqbias.models import dense_embedder, embedder
    from freqbias.paraphrases.audit import audit

    counting = None if tokenizer is None else embedder(tokenizer).token_counts
    likeness = None if similarity is None else _likeness(dense_embedder(similarity), track)
    return audit(pairs, count_tokens=counting, similarity=likeness, track=track)


def _likeness(model: Any, track: Track) -> Any:
    """Return a function that gives the cosine of the two forms of each pair."""
    import numpy as np

    from freqbias.models.scoring import CHUNK

    def cosines(pairs: Sequence[Pair]) -> Any:
        found: dict[str, list[Any]] = {HIGH: [], LOW: []}
        for part in track(chunks(pairs, CHUNK), f"{model.info.name}: encode", len(pairs), unit="pairs", size=len):
            for side, rows in found.items():
                rows.append(model.encode([getattr(pair, side) for pair in part], role="document").astype(np.float64))
        sides = [np.concatenate(rows) if rows else np.empty((0, 0)) for rows in found.values()]
        norms = [np.linalg.norm(side, axis=1) for side in sides]
        with np.errstate(invalid="ignore", divide="ignore"):
            return (sides[0] * sides[1]).sum(axis=1) / (norms[0] * norms[1])

    return cosines


def check_pairs(pairs: Path, out: Path, similarity: str | None, track: Track = silent) -> list[Pair]:
    """Run every check on a pair file and write the pairs with their verdicts."""
    from freqbias.models import dense_embedder
    from freqbias.paraphrases.checks import checked

    records = list(read_pairs(pairs))
    cosines = None if similarity is None else _likeness(dense_embedder(similarity), track)(records)
    rows = checked(records, cosines)
    write_records(out, rows)
    return rows


def match_pairs(pairs: Path, names: Sequence[str], out: Path, *, track: Track) -> "tuple[int, list[Balance]]":
    """Write the largest subset of the frequency arm that is level in the named covariates, the other arms whole.

    Returns how many frequency pairs there were and the balance table.
    """
    import numpy as np

    from freqbias.covariates import TEXT_MEASURES, covariates, frequency_gaps, in_phrasing
    from freqbias.matching import match

    records = list(read_pairs(pairs))
    own = [pair for pair in records if pair.arm == FREQUENCY]
    if not own:
        raise InputError(f"{pairs}: contains no pairs of arm 'frequency'")
    rephrased = sum(map(in_phrasing, own))
    if rephrased == len(own):
        raise InputError(f"{pairs}: the forms differ in construction and have no frequency gap of words to keep; choose kinds instead")
    if rephrased:
        message = "%s: %d of %d frequency pairs differ in construction; they have no frequency gap of words and are left out"
        log.warning(message, pairs, rephrased, len(own))
    values = [covariates(pair) for pair in track(own, "covariates", len(own), unit="pairs")]
    known = sorted({name for row in values for name in row} | set(TEXT_MEASURES))
    for name in names:
        if name not in known:
            raise InputError(f"unknown covariate '{name}'{registry.suggestion(name, known)}")
    missing = (None, None)
    sides = {name: np.array([row.get(name, missing) for row in values], dtype=float) for name in names}
    gaps = {name: side[:, 0] - side[:, 1] for name, side in sides.items()}
    keep, balance = match({name: gaps[name] for name in names}, np.array(frequency_gaps(own)[0], dtype=float))
    chosen = {pair.id for pair, kept in zip(own, keep, strict=True) if kept}
    write_records(out, (pair for pair in records if pair.arm != FREQUENCY or pair.id in chosen))
    return len(own), balance


def analyze(observations: Path, pairs: Path, out: Path, seed: int, track: Track, *, asked: holdout.Asked | None = None) -> list[Estimate]:
    """Estimate everything from an observation file, its pairs and what probes estimated on whole models, and write it.

    Where half of the items are kept out, now or since an earlier command, only the other half is estimated, or with `asked.confirm` the
    claims on the kept half; what probes estimated on whole models rests on all items and is left out.
    """
    from freqbias.analysis import estimate
    from freqbias.analysis.table import Split
    from freqbias.holdout import told

    whole = beside(file_in(observations, OBSERVATIONS_FILE), MODEL_ESTIMATES_FILE)
    of_models = list(read_estimates(whole)) if whole.is_file() else []
    asked, measured = asked or holdout.Asked(), file_in(observations, OBSERVATIONS_FILE)
    held = holdout.holdout_for(measured, file_in(pairs, PAIRS_FILE), asked)
    judgements = Judgements.of_manifest(manifest.read(measured), str(path_of(observations)))

    rows = Split(read_observations(observations, judgements.check_range))
    if not len(rows):
        raise InputError(f"{measured}: contains no observations; run: freqbias probe")
    estimates = estimate(
        rows,
        PairFile(pairs),  # which is read again as often as wanted, and so need not be in memory
        seed=seed,
        given=of_models if held is None else (),
        source=str(measured),
        judgements=judgements,
        items=None if held is None else holdout.items_of(held, file_in(pairs, PAIRS_FILE)),
        claims_only=asked.confirm,
        curve=not asked.confirm,
        track=track,
    )
    if held is not None:
        holdout.record(measured, held, out)
        log.info("%s", " ".join(told(held)))
    write_records(out, estimates)
    return estimates


def prepare_folder(folder: Path, *, fresh: bool) -> None:
    """Make a run folder where there is none; with `fresh`, keep what was there in `FOLDER.previous` and start with an empty one.

    Raises `InputError` for a folder that holds something else than a run.
    """
    check_folder(folder)
    if fresh and _visible(folder):
        _keep_previous(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from error


def check_folder(folder: Path) -> None:
    """Raise `InputError` for a path that cannot be a run folder: a file, or a folder that holds something else than a run."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; give a folder")
    if _visible(folder) and not any(in_folder(folder, name).exists() for name in RUN_FILES):
        raise InputError(f"{folder}: not empty, and not a run of freqbias; give another --out")


def check_plain(observations: Path) -> None:
    """Raise `InputError` where the observations that a run is to write, or to go on with, are compressed."""
    if is_compressed(observations):
        raise InputError(
            f"{observations}: observations are written part by part and stay plain until then; "
            f"give --out {plain_name(observations)}, and compress it afterwards: freqbias export"
        )
    found = in_folder(observations.parent, observations.name)
    if found != observations:
        raise InputError(f"{found}: is compressed, and a run goes on in a plain file; decompress it, or give another --out")


def _visible(folder: Path) -> bool:
    """Tell whether a folder holds anything; a run that was killed early leaves hidden files alone."""
    return folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())


def _keep_previous(folder: Path) -> None:
    if Path.cwd().is_relative_to(folder.resolve()):
        raise InputError(f"{folder.resolve().name}: --fresh moves this folder away, and you are in it; start from another one")
    previous = folder.with_name(f"{folder.name}.previous")
    pairs = folder / PAIRS_FILE
    with only_writer(folder / OBSERVATIONS_FILE):
        if pairs.exists() and sha256(pairs) in _started_with(pairs) and previous.exists():
            shutil.rmtree(folder)  # a start of `--fresh` that was killed before it measured anything takes the place of no run
            return
        shutil.rmtree(previous, ignore_errors=True)
    try:
        folder.rename(previous)
    except OSError as error:
        raise InputError(f"{folder}: cannot be kept as {previous.name}: {error.strerror}; give another --out") from error


def keep_pairs(pairs: Iterable[Pair], target: Path) -> None:
    """Write the pairs of a run; `InputError` when the run folder holds other ones already.

    Those of a start that was killed before anything was measured give way to the new ones: nothing rests on them but the audit.
    """
    new = target.with_name(f".{target.name}.{os.getpid()}.new")  # several processes may begin at once
    try:
        write_records(new, pairs)
        started = _started_with(target)
        if not target.exists() or (sha256(target) in started and sha256(new) != sha256(target)):
            # each step leaves a folder from which the same command does the rest
            write_text(_start_of(target), "".join(f"{known}\n" for known in dict.fromkeys([*started, sha256(new)])))
            for name in (AUDIT_FILE, MANIFEST_FILE) if target.exists() else ():
                target.with_name(name).unlink(missing_ok=True)
            new.replace(target)
        elif sha256(new) != sha256(target):
            with new.open("rb") as ours, target.open("rb") as theirs:
                number = next(n for n, (a, b) in enumerate(zip_longest(ours, theirs), start=1) if a != b)
            raise InputError(
                f"{target}:{number}: not the pair that this command makes there; "
                "give the same pairs or texts, unchanged, and the same --n, --seed and so on as before, or --fresh to start over"
            )
    finally:
        new.unlink(missing_ok=True)


def _start_of(pairs: Path) -> Path:
    """Return the hidden file that lies in a run folder until something was measured: hashes of pair files that a start has put there."""
    return pairs.with_name(f".{pairs.name}.start")


def _started_with(pairs: Path) -> list[str]:
    """Return the hashes of pair files of starts that measured nothing; none where rows rest on the pairs, or a user put them there."""
    start, observations = _start_of(pairs), pairs.with_name(OBSERVATIONS_FILE)
    measured = observations.exists() and observations.stat().st_size > 0
    measured |= pairs.with_name(PARTS_FOLDER).exists()
    return [] if measured or not start.exists() else read_text(start).split()


def end_start(pairs: Path) -> None:
    """Note that something rests on the pairs of a run: from now on other ones are refused."""
    _start_of(pairs).unlink(missing_ok=True)


def set_aside(observations: Path) -> None:
    """Keep an observation file, and what belongs to it, under names with `.previous`, so that it is measured anew."""
    manifest_file, model_estimates = path_of(observations), beside(observations, MODEL_ESTIMATES_FILE)
    for path in (observations, manifest_file, model_estimates):
        if path.exists() and path.stat().st_size:
            path.replace(path.with_name(f"{path.stem}.previous{path.suffix}"))
    for kind in ("marks", "retried"):
        side_file(observations, kind).unlink(missing_ok=True)
    shutil.rmtree(side_file(observations, "vectors"), ignore_errors=True)


def remove_derived(folder: Path) -> None:
    """Remove what was made from observations that have changed since."""
    for name in (*DERIVED, WORST_QUERIES_FILE, REMEDIES_FILE, *SYNONYM_LISTS):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / FIGURES_FOLDER, ignore_errors=True)
