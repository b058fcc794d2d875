"""The carrier sentences, one by one."""

import statistics
from collections import Counter

import pytest

from freqbias.paraphrases import lexicon
from freqbias.paraphrases.lexicon import fitting_frames, frames, synonym_sets
from freqbias.readability import sentences

SETS = [item for arm in ("frequency", "placebo") for item in synonym_sets(arm)]
SLOTS = {slot for frame in frames() for slot in frame.slots}


@pytest.mark.parametrize(
    ("word", "form", "leads_back"),
    [
        ("car", "words", True),
        ("mouse", "words", True),
        ("sawbones", "words", False),
        ("crisis", "words", True),
        ("grok", "past", False),
        ("steal", "past", True),
        ("carry", "past", True),
    ],
)
def test_an_inflection_leads_back_to_its_word(word, form, leads_back):
    frame = lexicon.Frame(id="", domain="", pos="", slots=[], countable=None, position="early", text=f"The {{{form}}} again.")
    assert frame.is_inflected(word) is leads_back


@pytest.mark.parametrize("item", SETS, ids=lambda item: item.id)
def test_no_frame_shows_a_form_that_is_not_the_words_own(item):
    for frame in fitting_frames(item.id, item.arm):
        assert frame.is_inflected(item.high)
        assert frame.is_inflected(item.low)
        if item.countable is False:
            assert frame.form == "word"
            assert "{a word}" not in frame.text


@pytest.mark.parametrize("frame", frames(), ids=lambda frame: frame.id)
def test_frame(frame):
    assert sum(frame.text.count(slot) for slot in ("{word}", "{words}", "{past}", "{a word}")) == 1
    assert frame.text.endswith(".")
    assert set(frame.slots) <= SLOTS
    tokens = frame.text.replace("{a word}", "{word}").split()
    place = next(k for k, token in enumerate(tokens) if "{" in token) / len(tokens)
    assert frame.position == ("early" if place < 1 / 3 else "middle" if place < 2 / 3 else "late")


def test_a_text_of_one_set_is_listed_by_that_set_and_sets_list_nothing_else():
    listed = Counter(name for item in SETS for name in item.frames)
    known = {frame.id: frame for frame in frames()}
    assert set(listed) <= set(known)
    assert {listed[name] for name, frame in known.items() if not frame.slots} == {1}


def test_frames_cover_domains():
    assert len(frames()) >= 100
    domains = Counter(frame.domain for frame in frames())
    assert len(domains) >= 10
    assert max(domains.values()) <= 0.25 * len(frames())


@pytest.mark.parametrize("slot", sorted(SLOTS))
def test_frames_of_a_slot_have_the_word_early_in_the_middle_and_late_and_one_to_three_sentences(slot):
    own = [frame for frame in frames() if slot in frame.slots]
    positions = Counter(frame.position for frame in own)
    assert min(positions[place] for place in ("early", "middle", "late")) >= 0.1 * len(own)
    counts = [sentences(frame.fill("word")) for frame in own]
    assert set(counts) <= {1, 2, 3}
    assert 0.3 <= statistics.mean(count > 1 for count in counts) <= 0.7
