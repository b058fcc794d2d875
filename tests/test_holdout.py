"""Which half of the items is kept out: by hash, level in every arm, the same every time."""

import pytest

from freqbias.errors import InputError
from freqbias.holdout import KEPT, OPEN, Holdout, arms_of, holdout_in, told
from freqbias.records import Pair

ARMS = {f"item {k}": {"frequency"} for k in range(40)} | {f"placebo {k}": {"placebo"} for k in range(20)}
ARMS |= {f"both {k}": {"frequency", "placebo"} for k in range(10)}


def halves(salt="a", arms=ARMS):
    held = Holdout(salt=salt)
    return held.items(OPEN, arms), held.items(KEPT, arms)


def test_every_item_is_in_one_half_and_each_arm_in_both_alike():
    first, second = halves()
    assert first | second == set(ARMS)
    assert not first & second
    for arms in ({"frequency"}, {"placebo"}, {"frequency", "placebo"}):
        own = {item for item, of in ARMS.items() if of == arms}
        assert len(own & first) == len(own & second) == len(own) / 2


def test_the_split_hangs_on_names_and_salt_and_not_on_their_order():
    assert halves() == halves(arms=dict(reversed(ARMS.items())))
    assert halves("a") != halves("b")
    assert len(halves("a")[1] & halves("b")[1]) < 30  # about half of 35


def test_an_odd_number_of_items_leaves_one_more_in_a_half():
    first, second = halves(arms={f"i{k}": {"frequency"} for k in range(7)})
    assert {len(first), len(second)} == {3, 4}


def test_an_item_is_whole_in_one_half_whatever_its_pairs():
    places = [(k, arm) for k in range(6) for arm in ("frequency", "placebo")]
    pairs = [Pair(id=f"{k} {arm}", item=f"i{k}", arm=arm, high=f"a {k} {arm}", low="b") for k, arm in places]
    assert arms_of(pairs) == {f"i{k}": {"frequency", "placebo"} for k in range(6)}


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({"shown": "open"}, "field 'holdout.salt' is missing"),
        ({"salt": "a", "shown": "other"}, r"must be one of open, kept, found 'other'"),
        ({"salt": 3}, "field 'holdout.salt' must be a text, found int"),
        ({"salt": "a", "looks": "today"}, "field 'holdout.looks' must be a list, found str"),
        ("half", "field 'holdout' must be an object, found str"),
    ],
)
def test_a_manifest_that_says_it_wrongly_is_refused(found, reason):
    with pytest.raises(InputError, match=reason) as caught:
        holdout_in({"holdout": found}, "run/manifest.json")
    assert str(caught.value).startswith("run/manifest.json: field 'holdout")


def test_nothing_is_kept_out_where_the_manifest_says_nothing():
    assert holdout_in(None) is None
    assert holdout_in({"schema": 1}) is None
    assert told(None) == []


def test_what_is_told_says_which_half_and_how_often_it_was_seen():
    unseen, seen = Holdout(salt="a"), Holdout(salt="a", shown=KEPT, looks=("2026-01-02", "2026-01-03"), seen_before=True)
    assert told(unseen) == ["Shown is one half of the items, drawn by hash of their names. The other half is kept out of every number, "
                            "which nobody has looked at."]  # fmt: skip
    assert "looked at 2 times, and only the first look confirms anything (2026-01-02, 2026-01-03)" in told(seen)[0]
    assert told(seen)[1] == "All items had been estimated before half of them were kept out: the kept half is no blind test."
    assert holdout_in({"holdout": seen.to_dict()}) == seen
