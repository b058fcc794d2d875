"""Generator `places`: one sentence about a thing at a place, with a frequent and a rare word for the thing."""

from freqbias.errors import InputError
from freqbias.paraphrases import make_pair

FREQUENCY = "car jalopy, doctor physician, house abode, dog hound, boat dinghy, hat bonnet, baby infant, friend chum, thief burglar"
PLACEBO = "sofa couch, rug carpet, sailor seaman, stone rock, shop store, path trail"
COUPLES = {arm: [couple.split() for couple in words.split(", ")] for arm, words in (("frequency", FREQUENCY), ("placebo", PLACEBO))}
PLACES = ("station", "river", "market", "church", "border", "bridge", "harbour", "village")


class Places:
    """Pairs of both arms; asked twice, it makes the same."""

    api = 1
    name = "places"
    summary = "Things at places, in frequent and rare words."

    def __init__(self):
        self.options = {"count": "pairs in all", "verb": "what is done to the thing"}

    def __call__(self, *, count: int = 40, verb: str = "saw"):
        """Return `count` pairs, places changing slowest."""
        drafts = [(place, arm, couple) for place in PLACES for arm, couples in COUPLES.items() for couple in couples]
        if not 1 <= count <= len(drafts):
            raise InputError(f"-o count={count}: must be between 1 and {len(drafts)}")
        return [
            make_pair(
                item=couple[0],
                arm=arm,
                high=f"They {verb} the {couple[0]} near the {place}.",
                low=f"They {verb} the {couple[1]} near the {place}.",
                generator=self.name,
            )
            for place, arm, couple in drafts[:count]
        ]


generator = Places()
