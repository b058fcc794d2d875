"""For tests of what others write: checks of a probe, a model and a generator, and models with an effect planted on purpose.

A check runs what it is given and raises `AssertionError` in one line that says what is wrong; nothing here needs pytest.

    from freqbias.testing import check_probe

    def test_probe():
        check_probe(probe)
"""

from freqbias.testing.generators import check_generator
from freqbias.testing.models import check_language_model, check_scorer
from freqbias.testing.planted import CrowdedEmbedder, PlantedEmbedder, PlantedLanguageModel
from freqbias.testing.probes import check_probe, made_up_pairs

__all__ = [
    "CrowdedEmbedder",
    "PlantedEmbedder",
    "PlantedLanguageModel",
    "check_generator",
    "check_language_model",
    "check_probe",
    "check_scorer",
    "made_up_pairs",
]
