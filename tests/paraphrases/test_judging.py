"""What speaks against a rewrite: each reason, planted; answers without what surrounds them; meaning by cosine and by entailment."""

import numpy as np
import pytest
from conftest import needed

from freqbias.errors import InputError
from freqbias.paraphrases.candidates import Candidate
from freqbias.paraphrases.judging import REASONS, Meaning, cleaned, fault, judged

CAR = "The old car did not start on 3 cold days in London."
OTHERS = {
    "copy": [CAR, "the old car did not start on 3 cold days in London", "The old car did not start on 3 cold days\u202fin London."],
    "no_answer": [None, "", "  \n ", "…", "\u200b"],
    "layout": [
        "The aged car did not start on 3 cold days in London.\nI hope this helps.",
        "The aged car did not start\non 3 cold days in London.",
        "- The aged car did not start on 3 cold days in London.\n- The car of old did not start on 3 cold days in London.",
    ],
    "unfinished": [
        "The aged car did not start on 3 cold days in London and then",
        "The aged car did not",
        "The aged car did not start on 3 cold days in London,",
    ],
    "language": [
        "La vieille voiture n'a pas démarré pendant les 3 jours froids qu'elle a passés à London.",
        "Das alte Auto ist an den 3 kalten Tagen in London nicht angesprungen, weil es nicht wollte.",
        "El coche viejo no arrancó en los 3 días fríos que pasó en London porque no quería.",
    ],
    "length_ratio": [
        "Not in London on 3 days.",
        "Not 3 in London.",
        "The aged car did not start on 3 cold days in London, which is what all who had known it in better times had always feared.",
    ],
    "numbers_equal": [
        "The aged car did not start on 4 cold days in London.",
        "The aged car did not start on some cold days in London.",
        "The aged car did not start on 3 cold days of 5 in London.",
        "The aged car did not start on 30 cold days in London.",
    ],
    "negation_parity": [
        "The aged car did start on 3 cold days in London.",
        "The aged car failed to start on 3 cold days in London.",
        "Nobody said the aged car did not start on 3 cold days in London.",
    ],
    "names_kept": [
        "The aged car did not start on 3 cold days in Paris.",
        "The aged car did not start on 3 cold days in town.",
        "The aged car of Mary did not start on 3 cold days in London.",
    ],
    "quotes_kept": [
        'The aged car did not "start" on 3 cold days in London.',
        "The “aged car” did not start on 3 cold days in London.",
        "The aged car did not start on «3 cold» days in London.",
    ],
    "question_kept": [
        "Did the aged car not start on 3 cold days in London?",
        "The aged car did not start on 3 cold days in London?",
        "Why did the aged car not start on 3 cold days in London?",
    ],
    "articles_right": [
        "A old car did not start on 3 cold days in London.",
        "An vehicle did not start on 3 cold days in London.",
        "The aged car did not start on 3 cold days in a uncaring London.",
    ],
    None: [
        "The aged car did not start on 3 cold days in London.",
        "The old car didn't go on three cold days in London.",
        "On 3 chilly days in London the ancient automobile would not start.",
    ],
}


def verdicts(original, *answers, language="en"):
    rows = [Candidate(original=original, kind="common", number=k, answer=answer) for k, answer in enumerate(answers)]
    return [row.rejected for row in judged(rows, language)]


@pytest.mark.parametrize(("reason", "answer"), [(reason, answer) for reason, answers in OTHERS.items() for answer in answers])
def test_each_reason(reason, answer):
    assert verdicts(CAR, answer) == [reason]


def test_every_reason_has_its_words():
    assert {reason for reason in OTHERS if reason} | {"repeated", "meaning"} == set(REASONS)


def test_what_was_there_before_is_repeated_within_its_kind():
    first, again = "The aged car did not start on 3 cold days in London.", "The  aged car did not start on 3 cold days in London!"
    assert verdicts(CAR, first, again, first) == [None, "repeated", "repeated"]
    assert verdicts(CAR, CAR, CAR) == ["copy", "copy"]
    wrong = "The aged car did not start on 4 cold days in London."
    assert verdicts(CAR, wrong, wrong) == ["numbers_equal", "repeated"]
    rows = [Candidate(original=CAR, kind=kind, number=0, answer=first) for kind in ("common", "uncommon")]
    assert [row.rejected for row in judged(rows, "en")] == [None, None]


def test_what_the_text_itself_lacks_is_not_asked_of_its_rewrite():
    assert verdicts("a old car", "a motor-car of age") == [None]  # the article of the text is not the rewrite's
    assert verdicts("one line\nand another line", "a single line\nand a second line") == [None]
    assert verdicts("no full stop at the end", "no period at the close") == [None]
    assert verdicts("Das Auto ist alt.", "Der Wagen ist alt.", language="de") == [None]
    assert fault("The aged car.", "The old car.", "en", set()) is None


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("Rewritten text: The aged car.", "The aged car."),
        ("Here is the rewritten text:\n\nThe aged car.", "The aged car."),
        ("Sure! Here's a version in rarer words:\nThe aged car.", "The aged car."),
        ("The aged car.\n\nI took a rarer word for old.", "The aged car."),
        ("Rewritten text:\n\nThe aged car.\n \nText: The new car.\n\nRewritten text: The novel car.", "The aged car."),
        ('"The aged car."\n\n(All is kept.)', "The aged car."),
        ('"The aged car."', "The aged car."),
        ("Text: “The aged car.”", "The aged car."),
        ("  The aged car.\n", "The aged car."),
        ("'The aged car.'", "The aged car."),
        ("Here comes the aged car.", "Here comes the aged car."),
        ("Here is the aged car", "Here is the aged car"),
        ('"Aged," he said, "like the car."', '"Aged," he said, "like the car."'),
        ('"', '"'),
        (None, ""),
    ],
)
def test_what_surrounds_an_answer_is_taken_off(answer, text):
    assert cleaned(answer, "The old car.") == text


def test_a_text_of_several_paragraphs_keeps_them():
    assert cleaned("The aged car.\n\nIt stood.", "The old car.\n\nIt was there.") == "The aged car.\n\nIt stood."
    assert verdicts("The old car.\n\nIt was there.", "The aged car.\n\nIt stood there.") == [None]


def test_labels_and_quotation_marks_of_the_text_itself_stay():
    assert cleaned('"The aged car!"', '"The old car!"') == '"The aged car!"'
    assert cleaned("Text: the aged car", "Text: the old car") == "Text: the aged car"


def told(meaning, *texts, original=CAR):
    rows = [Candidate(original=original, kind="common", number=k, answer=text, text=text) for k, text in enumerate(texts)]
    return [(row.rejected, row.similarity) for row in meaning.with_similarity(rows)]


def test_meaning_is_a_cosine_with_a_stated_threshold():
    meaning = Meaning("rewriting:topics", 0.5)
    assert (meaning.measure, meaning.threshold) == ("cosine", 0.5)
    (same, one), (other, low) = told(meaning, "The aged car.", "The aged banana.")
    assert (same, other) == (None, "meaning")
    assert one == pytest.approx(1.0)
    assert low == pytest.approx(0.1 / np.sqrt(1.01), abs=1e-6)
    assert meaning.with_similarity([]) == []
    assert told(Meaning("rewriting:blank", 0.5), "The aged car.") == [("meaning", None)]
    with pytest.raises(
        InputError, match="embedder 'rewriting:blank' has no score of bundled pairs to go by; give one with -o similarity="
    ):
        Meaning("rewriting:blank")


def test_a_rewrite_that_is_rejected_already_is_not_encoded():
    row = Candidate(original=CAR, kind="common", number=0, answer=CAR, text=CAR, rejected="copy")
    assert Meaning("rewriting:topics", 0.5).with_similarity([row]) == [row]


def test_without_a_threshold_the_bundled_pairs_say_what_is_alike():
    needed("sentence_transformers")
    meaning = Meaning("minilm")
    assert meaning.threshold == pytest.approx(0.79, abs=0.05)
    fine, wrong = told(
        meaning, "The aged automobile would not start on 3 chilly days in London.", "He sold fish to 3 of his London friends."
    )
    assert (fine[0], wrong[0]) == (None, "meaning")


def test_entailment_counts_in_the_worse_direction(tmp_path):
    torch, tiny_models = needed("torch"), needed("tiny_models")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tiny_models.cross_encoder(tmp_path / "nli", labels=3)
    config = (folder / "config.json").read_text()
    for number, label in enumerate(("contradiction", "ENTAILMENT", "neutral")):
        config = config.replace(f"LABEL_{number}", label)
    (folder / "config.json").write_text(config)
    meaning = Meaning(f"cross:{folder}")
    torch.set_num_threads(threads)
    assert (meaning.measure, meaning.threshold) == ("entailment", 0.5)
    couple = ("a car stood there", "a vehicle stood there")
    (least,) = meaning.similarities([couple])
    forward, back = (meaning._model.scores([a], [b])[0] for a, b in (couple, couple[::-1]))
    assert least == pytest.approx(min(forward, back))
    assert 0 < least < 1
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(*couple, return_tensors="pt")
    with torch.inference_mode():
        logits = AutoModelForSequenceClassification.from_pretrained(folder)(**tokens).logits
    assert forward == pytest.approx(logits.softmax(-1)[0, 1].item(), abs=1e-5)
