"""Texts in several files, in folders, and in datasets as `datasets` saves them."""

import json

import pytest

from freqbias.errors import InputError
from freqbias.paraphrases.documents import documents, documents_of
from freqbias.paraphrases.substitute import generate

TEXTS = ["He was stocky and cautious.", "The car stopped.", "She left."]


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def found(*sources, **options):
    return [(document.id, document.text) for document in documents_of(sources, **options)]


def test_several_files_are_one_source(tmp_path):
    first, second = write(tmp_path / "a" / "t.txt", f"{TEXTS[0]}\n"), write(tmp_path / "b" / "t.txt", f"{TEXTS[1]}\n\n{TEXTS[2]}\n")
    assert found(first, second) == [("a/t.txt:1", TEXTS[0]), ("b/t.txt:1", TEXTS[1]), ("b/t.txt:3", TEXTS[2])]
    assert found(first, first) == [("t.txt:1", TEXTS[0])]
    pairs = generate([first, second])
    assert {pair.item for pair in pairs} <= {"a/t.txt:1", "b/t.txt:1", "b/t.txt:3"}
    assert pairs


def test_ids_that_two_files_give_to_different_texts_give_way_to_places(tmp_path):
    rows = [json.dumps({"id": 1, "body": text}) + "\n" for text in TEXTS[:2]]
    first, second = (write(tmp_path / f"{name}.jsonl", row) for name, row in zip("ab", rows, strict=True))
    assert found(first, second, field="body") == [("1", TEXTS[0]), ("b.jsonl:1", TEXTS[1])]


def test_a_text_file_of_a_folder_is_one_text(tmp_path, caplog):
    write(tmp_path / "t" / "pos" / "1.txt", f"{TEXTS[0]}\n{TEXTS[1]}\n")
    write(tmp_path / "t" / "2.txt", TEXTS[2])
    write(tmp_path / "t" / "empty.txt", "\n")
    write(tmp_path / "t" / ".hidden" / "3.txt", "no")
    caplog.set_level("INFO")
    assert found(tmp_path / "t") == [("2.txt", TEXTS[2]), ("pos/1.txt", f"{TEXTS[0]}\n{TEXTS[1]}")]
    assert "t: 3 text files, each read as one text; for a text a line, name the files" in caplog.text
    assert found(tmp_path / "t", split="pos") == [("pos/1.txt", f"{TEXTS[0]}\n{TEXTS[1]}")]
    with pytest.raises(InputError, match=r"t: no split 'neg'; found: 1, 2, empty, pos"):
        found(tmp_path / "t", split="neg")
    with pytest.raises(InputError, match="holds text files, which have no field 'body'; leave --field out"):
        found(tmp_path / "t", field="body")


def test_a_text_file_too_long_for_one_text_or_not_utf8_is_a_fault(tmp_path):
    write(tmp_path / "t" / "1.txt", TEXTS[0])
    write(tmp_path / "t" / "2.txt", "word word\n" * 100_001)
    with pytest.raises(InputError, match=r"2\.txt:1: a file of more than 1,000,000 bytes is no single text"):
        found(tmp_path / "t")
    (tmp_path / "t" / "3.txt").write_bytes(b"sound\n\xff\n")
    listed = []
    assert found(tmp_path / "t", listed=listed) == [("1.txt", TEXTS[0])]
    assert len(listed) == 2


def test_files_of_rows_in_a_folder(tmp_path, caplog):
    write(tmp_path / "d" / "train.csv", f"body\n{TEXTS[0]}\n")
    write(tmp_path / "d" / "test.jsonl", json.dumps({"body": TEXTS[1]}))
    write(tmp_path / "d" / "dataset_infos.json", "{}")
    assert found(tmp_path / "d", field="body") == [("test.jsonl:1", TEXTS[1]), ("train.csv:2", TEXTS[0])]
    assert found(tmp_path / "d", field="body", split="train") == [("train.csv:2", TEXTS[0])]
    write(tmp_path / "d" / "README.txt", "About.")
    assert len(found(tmp_path / "d", field="body")) == 2
    assert "1 files of another kind are left out" in caplog.text
    assert found(tmp_path / "d") == [("README.txt", "About.")]


def test_a_folder_without_texts_and_one_that_is_not_there(tmp_path):
    write(tmp_path / "d" / "image.png", "")
    with pytest.raises(InputError, match=r"d: holds no texts: no \.txt files, no files of rows.*corpus\.jsonl"):
        found(tmp_path / "d")
    with pytest.raises(InputError, match="nothere: there is no such file or folder"):
        list(documents(tmp_path / "nothere"))


@pytest.fixture
def saved(tmp_path):
    """Write what `Dataset.save_to_disk` and `DatasetDict.save_to_disk` write."""
    pyarrow = pytest.importorskip("pyarrow")

    def write_one(folder, texts):
        folder.mkdir(parents=True)
        table = pyarrow.table({"label": [0] * len(texts), "body": texts})
        path = str(folder / "data-00000-of-00001.arrow")
        with pyarrow.OSFile(path, "wb") as sink, pyarrow.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=1)
        (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
        (folder / "dataset_info.json").write_text("{}")

    write_one(tmp_path / "one", TEXTS[:2])
    for name, texts in (("train", TEXTS[:2]), ("test", TEXTS[2:])):
        write_one(tmp_path / "splits" / name, texts)
    (tmp_path / "splits" / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    return tmp_path


def test_a_saved_dataset(saved):
    places = [f"data-00000-of-00001.arrow:{row}" for row in (1, 2)]
    assert found(saved / "one", field="body") == list(zip(places, TEXTS, strict=False))
    with pytest.raises(InputError, match="no column 'text'; found: label, body"):
        found(saved / "one")
    with pytest.raises(InputError, match="this dataset has no splits; leave --split out"):
        found(saved / "one", field="body", split="train")
    assert [text for _, text in found(saved / "splits", field="body")] == TEXTS
    assert found(saved / "splits", field="body", split="test") == [(f"test/{places[0]}", TEXTS[2])]
    with pytest.raises(InputError, match="no split 'dev'; found: test, train"):
        found(saved / "splits", field="body", split="dev")
    (saved / "one" / "state.json").write_text("{}")
    with pytest.raises(InputError, match=r"state\.json: has no list '_data_files'.*save the dataset anew"):
        found(saved / "one", field="body")


def test_an_arrow_file_of_either_format(saved):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"body": TEXTS[:1]})
    path = saved / "t.arrow"
    with pyarrow.OSFile(str(path), "wb") as sink, pyarrow.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert found(path, field="body") == [("t.arrow:1", TEXTS[0])]
    path.write_bytes(b"no arrow")
    with pytest.raises(InputError, match=r"t\.arrow: cannot be read"):
        found(path, field="body")


def test_datasets_own_folder_is_read(tmp_path):
    datasets = pytest.importorskip("datasets")
    datasets.Dataset.from_dict({"body": TEXTS}).select([2, 0]).save_to_disk(str(tmp_path / "d"))
    assert [text for _, text in found(tmp_path / "d", field="body")] == [TEXTS[2], TEXTS[0]]


def test_the_command_takes_several_files(cli, tmp_path):
    paths = [write(tmp_path / f"{name}.txt", "\n".join(TEXTS)) for name in "ab"]
    out = tmp_path / "pairs.jsonl"
    result = cli("pairs", "substitute", *paths, "-o", "max_share=1", "--out", out)
    assert result.exit_code == 0
    assert "of 6 texts" in result.stderr
    assert {json.loads(line)["item"].partition(":")[0] for line in out.read_text().splitlines()} == {"a.txt", "b.txt"}
