"""A small wordnet in WordNet's own files or as WN-LMF, and the real one where a machine has it."""

import os
from pathlib import Path

from conftest import missing

from freqbias.paraphrases.wordnet_files import DEBIAN, FILES, TOPICS

LETTERS = {"noun": "n", "verb": "v", "adjective": "a", "adverb": "r"}

#: id, topic, words, gloss, ids of hypernyms, frames of verbs
SMALL = [
    (1, "noun.Tops", ["entity"], "what is there", [], []),
    (2, "noun.artifact", ["building"], 'a house; "a tall one"', [1], []),
    (3, "noun.artifact", ["restaurant", "eatery", "eating_place"], '(food) where meals are had; "they dined there"', [2], []),
    (4, "noun.artifact", ["hospital", "infirmary"], "where patients are cured", [2], []),
    (5, "noun.person", ["lawyer", "attorney"], "who pleads in court", [1], []),
    (6, "verb.communication", ["clarify", "elucidate"], "make plain", [], [8, 11]),
    (7, "noun.state", ["gloom"], "dark", [1], []),
]


def real():
    """Return the folder of WordNet 3.0, or skip the test."""
    folder = Path(os.environ.get("WNSEARCHDIR") or DEBIAN)
    return folder if (folder / "data.noun").is_file() else missing("Debian's package wordnet-base")


def written(folder, synsets=SMALL, tagged=1):
    """Write synsets as wndb(5) has them and return the folder; `tagged` is how many senses of each word texts were counted for."""
    folder.mkdir(exist_ok=True)
    for name, pos in FILES.items():
        letter, index, lines = LETTERS[pos], {}, ["  1 WordNet 9.1 Copyright"]
        for number, topic, words, gloss, parents, frames in synsets:
            if topic.partition(".")[0] != name:
                continue
            for word in words:
                index.setdefault(word, []).append(f"{number:08}")
            pointers = "".join(f"@ {parent:08} {letter} 0000 " for parent in parents)
            shown = f"{len(frames):02} " + "".join(f"+ {frame:02} 00 " for frame in frames) if letter == "v" else ""
            cells = "".join(f"{word} 0 " for word in words)
            lines.append(
                f"{number:08} {TOPICS.index(topic):02} {letter} {len(words):02x} {cells}{len(parents):03} {pointers}{shown}| {gloss}  "
            )
        (folder / f"data.{name}").write_text("\n".join(lines) + "\n")
        rows = [f"{word} {letter} {len(ids)} 0 {len(ids)} {tagged} {' '.join(ids)}  " for word, ids in index.items()]
        (folder / f"index.{name}").write_text("\n".join(["  1 header", *rows]) + "\n")
    return folder


def written_lmf(path, synsets=SMALL):
    """Write nouns and verbs as WN-LMF, the format of `wn`, and return the path."""
    words, parts = {}, []
    for number, topic, lemmas, gloss, parents, _ in synsets:
        letter = LETTERS[topic.partition(".")[0]]
        for lemma in lemmas:
            words.setdefault((lemma, letter), []).append(number)
        relations = "".join(f'<SynsetRelation relType="hypernym" target="small-{parent}"/>' for parent in parents)
        text = gloss.replace('"', "&quot;")
        parts.append(
            f'<Synset id="small-{number}" ili="" partOfSpeech="{letter}" lexfile="{topic}">'
            f"<Definition>{text}</Definition>{relations}</Synset>"
        )
    entries = []
    for k, ((lemma, letter), ids) in enumerate(words.items()):
        senses = "".join(
            f'<Sense id="small-s{k}-{number}" synset="small-{number}" subcat="to"><Count>3</Count></Sense>' for number in ids
        )
        shown = senses if letter == "v" else senses.replace(' subcat="to"', "")
        form = lemma.replace("_", " ")
        entries.append(f'<LexicalEntry id="small-w{k}"><Lemma writtenForm="{form}" partOfSpeech="{letter}"/>{shown}</LexicalEntry>')
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE LexicalResource SYSTEM "http://globalwordnet.github.io/schemas/WN-LMF-1.1.dtd">\n'
        '<LexicalResource xmlns:dc="https://globalwordnet.github.io/schemas/dc/">\n'
        '<Lexicon id="small" label="small" language="en" email="a@example.org" license="none" version="1">\n'
        + "\n".join([*entries, *parts])
        + '\n<SyntacticBehaviour id="to" subcategorizationFrame="Somebody ----s something"/>\n</Lexicon>\n</LexicalResource>\n'
    )
    return path
