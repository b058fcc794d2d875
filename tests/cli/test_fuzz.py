"""Files of a run with something wrong in them, through every command that reads them: one line says why, nothing hangs, nothing is lost.

The draws have a fixed seed, so that a failure is a change of the program and repeats.
"""

import pytest
from conftest import needed
from fuzzing import READERS, broken, fault_of, made, without

needed("hypothesis")

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402  # an extra that some environments lack
from hypothesis import strategies as st  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

CASES, MANY = 25, 600  # of each kind of file: about 40 s of CPU in all, and a quarter of an hour
QUICK = {name: tuple(command for command in commands if command not in ("power", "resume")) for name, commands in READERS.items()}


def drawn(count):
    """Return the settings of a test over so many cases; a case is small as it is, and shrinking would only take time."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    from freqbias.files import write_records
    from freqbias.paraphrases.lexicon import generate

    folder = tmp_path_factory.mktemp("sound")
    write_records(folder / "pairs.jsonl", generate(n=8, seed=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FREQBIAS_TEST_PAIRS", str(folder / "pairs.jsonl"))
        yield made(folder, folder / "pairs.jsonl")


def check(sound, name, count, readers):
    @drawn(count)
    @given(st.data())
    def cases(data):
        case = broken(sound, lambda options: data.draw(st.sampled_from(options)), (name,), readers)
        wrong = fault_of(sound, case, sound.with_name("case"))
        assert wrong is None, f"{case}: {wrong}"

    cases()


@pytest.mark.parametrize("name", READERS)
def test_a_broken_file_is_told_in_one_line(sound, name):
    check(sound, name, CASES, QUICK)


@pytest.mark.parametrize("name", ["manifest.json", "audit.json"])
def test_a_field_that_is_missing_is_left_out_or_told(sound, name, monkeypatch):
    monkeypatch.setattr(Figure, "savefig", lambda self, stream, **options: stream.write("<svg></svg>"))  # half of a report's time
    cases = list(without(sound, name, "report"))
    assert len(cases) > 20
    faults = {str(case): fault_of(sound, case, sound.with_name("case")) for case in cases}
    assert {case: wrong for case, wrong in faults.items() if wrong} == {}


@pytest.mark.fuzz
@pytest.mark.parametrize("name", READERS)
def test_thousands_of_broken_files_are_told_in_one_line(sound, name):
    check(sound, name, MANY, READERS)
