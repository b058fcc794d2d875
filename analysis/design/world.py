"""What a simulated run is made of: how many items and frames, what is planted where, how loud the noise is."""

from dataclasses import dataclass

ZIPF_MEAN = 1.8  # mean Zipf gap of the bundled frequency arm, rounded


@dataclass(frozen=True, kw_only=True)
class World:
    """How many items and frames there are, what is planted where, and how loud the noise is; all gaps in cosine.

    Frequency arm: gap = `effect` + `per_zipf` * zipf_gap + `per_word` * words_gap + `per_piece` * (low - high subwords) + pull + frame
    + item + residual. `zipf_gap` is normal over items with mean `ZIPF_MEAN` and standard deviation `zipf_spread`; `words_gap` has
    standard deviation `words_spread` and correlates `correlation` with it; fragmentation grows by `pieces_per_zipf` subwords per Zipf
    unit and is a mediator. Placebo arm: gap = `placebo` + frame + item + residual, with noise `placebo_noise` times as loud; length arm:
    `length_effect` in the place of `placebo`.

    With `marked`, so large a share of the rare forms of the frequency arm is informal or formal, half of them each and the more the rarer
    (`marked_per_zipf`); that adds `per_marked` to their gap, so the scale informal - neutral - formal would see nothing of it.

    `background`, where it is not None, is the pull of the frequent form towards every query: it is the whole gap of contrast
    `background` and is added to `gloss`. A frame shifts all arms: by `position` times the place of the word in it (0 in the first
    frame, 1 in the last), and by a draw of standard deviation `frame_spread`. Items and residuals are normal with `item_spread` and
    `pair_spread`. The margin over the decoy is `margin`, with `margin_spread` over items. With `registers`, plain and elevated glosses
    are rows of their own, whose gaps differ at random and average to the gap.

    With `discordant`, outcomes are right or wrong (measure `accuracy`): in that share of the pairs one form alone is right, the high one
    with log-odds `effect` + `per_zipf` * zipf_gap + `per_word` * words_gap, and pairs of an item agree more often than by chance. With
    `raw`, gaps are log-probabilities of the words themselves (contrast `raw`, no margin).

    Word splitting, with `split`: the word of so large a share of the rare forms of the frequency arm is split, the likelier the rarer
    (`split_per_zipf`), of these `split_both` with a frequent word that is split as well, and `per_piece` counts the difference of pieces.

    What no straight line tells of the frequency arm: `step` is added beyond a frequency gap of `step_at`; every other item has `halves`,
    the others the opposite. Noise is `1 + louder * |zipf_gap - mean| / zipf_spread` times as loud. By frame, in the frequency arm alone:
    a draw of standard deviation `frame_effect`, and one of the dose, of `frame_dose`, which averages zero over the frames of a run with
    `frame_dose_centred`. Every other item of the placebo has `placebo_parts`, the others the opposite: `oriented_by` tells them apart.

    A pair of the frequency arm fails with probability `failing` where its gap is above `failing_gap` and its frequency gap above
    `failing_zipf`, where these are not None. `models` models measure the same pairs; item effects are theirs in common.
    """

    items: int = 40
    placebo_items: int = 0
    length_items: int = 0
    frames: int = 2
    effect: float = 0.0
    per_zipf: float = 0.0
    zipf_spread: float = 0.0
    per_word: float = 0.0
    words_spread: float = 0.0
    correlation: float = 0.0
    per_piece: float = 0.0
    pieces_per_zipf: float = 0.0
    marked: float = 0.0
    marked_per_zipf: float = 0.0
    per_marked: float = 0.0
    background: float | None = None
    position: float = 0.0
    placebo: float = 0.0
    placebo_noise: float = 1.0
    length_effect: float = 0.0
    item_spread: float = 0.02
    pair_spread: float = 0.02
    frame_spread: float = 0.01
    margin: float = 0.4
    margin_spread: float = 0.0
    registers: bool = False
    discordant: float | None = None
    raw: bool = False
    split: float = 0.0
    split_per_zipf: float = 0.0
    split_both: float = 0.0
    step: float = 0.0
    step_at: float = ZIPF_MEAN
    halves: float = 0.0
    louder: float = 0.0
    frame_effect: float = 0.0
    frame_dose: float = 0.0
    frame_dose_centred: bool = False
    placebo_parts: float = 0.0
    failing: float = 0.0
    failing_gap: float | None = None
    failing_zipf: float | None = None
    models: int = 1
