"""Texts in which words of both arms can be swapped."""

from freqbias.paraphrases.swapping import substitutions, swaps_of


def real_texts():
    """Return sentences with a noun of each arm that running text may hold."""
    frequency, placebo = (
        [
            form
            for form, couples in sorted(substitutions(arm).items())
            if form == couples[0][0] and swaps_of(f"Yesterday they mentioned the {form} again.", arm)
        ]
        for arm in ("frequency", "placebo")
    )
    return [f"Yesterday they mentioned the {a} and the {b} again." for a, b in zip(frequency[:30], placebo[:30], strict=True)]
