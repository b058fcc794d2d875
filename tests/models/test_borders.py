"""Which tokens belong to a continuation: the rule of offsets, and the same without offsets, on tokenizers of every kind."""

import numpy as np
import pytest
from conftest import needed

from freqbias.models.adapters import borders

needed("torch")
tokenizers, transformers = needed("tokenizers"), needed("transformers")
backend, tokens = needed("freqbias.models.adapters.transformers"), needed("freqbias.models.adapters.transformers_tokens")
decoders, models, normalizers = tokenizers.decoders, tokenizers.models, tokenizers.normalizers
pre_tokenizers, trainers = tokenizers.pre_tokenizers, tokenizers.trainers

TEXTS = [
    "The car broke down on the way home, and we walked back in the rain.",
    "Ein Käfer läuft über die Straße; naïve café — déjà vu.",
    "日本語のテキスト と 中文 文本",
    "don't can't they're isn't it's",
    "  two  spaces\tand\nnewlines\n\n",
    "emoji 🚗🚀 👩‍👩‍👧 and 🇩🇪 flags",
    "abcabcabc aaaa aaa aa a banana bananas",
    "x=1; y = 22; 3.14159 1,000,000",
    "Q: What do bees make?\nA: Honey.",
    "jalopy jalopies unbelievable",
    "\u200bzero\u200b width",
    "ＦＵＬＬ width ﬁne",
    "xyzzyqqqqqqqqqqqqqqqqqqqqq word",
    "日x本 y",
]
CASES = [(text[:border], text[border:]) for text in TEXTS for border in range(len(text) + 1)]
ASCII = [text for text in TEXTS if text.isascii()]
UNKNOWN = "<unk>"
SPECIAL = [UNKNOWN, "<s>", "</s>"]


def bytes_bpe():
    """Pieces of bytes, as GPT-2's, Llama 3's and SmolLM's."""
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made.post_processor = tokenizers.processors.ByteLevel(trim_offsets=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(TEXTS * 5, trainers.BpeTrainer(vocab_size=380, initial_alphabet=alphabet, special_tokens=SPECIAL))
    return made


def unigram():
    """SentencePiece's unigram model, as XLM-R's and T5's."""
    made = tokenizers.Tokenizer(models.Unigram())
    made.normalizer, made.pre_tokenizer, made.decoder = normalizers.NFKC(), pre_tokenizers.Metaspace(), decoders.Metaspace()
    made.train_from_iterator(TEXTS * 5, trainers.UnigramTrainer(vocab_size=180, unk_token=UNKNOWN, special_tokens=SPECIAL))
    return made


def sentencepiece_bpe():
    """SentencePiece's BPE with bytes for what it lacks, as Llama 2's, Gemma's and Mistral's."""
    made = tokenizers.Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token=UNKNOWN))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    made.decoder = decoders.Sequence(steps)
    every = [f"<0x{k:02X}>" for k in range(256)]
    made.train_from_iterator(ASCII * 5, trainers.BpeTrainer(vocab_size=500, special_tokens=SPECIAL + every))
    return made


def wordpiece(lower):
    """BERT's, in which most other scripts are unknown."""
    made = tokenizers.Tokenizer(models.WordPiece(unk_token=UNKNOWN, max_input_chars_per_word=12))
    made.normalizer, made.decoder = normalizers.BertNormalizer(lowercase=lower), decoders.WordPiece()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.train_from_iterator(ASCII * 5, trainers.WordPieceTrainer(vocab_size=120, special_tokens=SPECIAL))
    return made


def words():
    """Whole words, most of them unknown."""
    known = sorted({word for text in TEXTS[:2] for word in text.split()})
    made = tokenizers.Tokenizer(models.WordLevel({word: k for k, word in enumerate([*SPECIAL, *known])}, unk_token=UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return made


KINDS = {
    "bytes": bytes_bpe,
    "unigram": unigram,
    "sentencepiece": sentencepiece_bpe,
    "wordpiece": lambda: wordpiece(True),
    "cased wordpiece": lambda: wordpiece(False),
    "words": words,
}


class Plain:
    """A tokenizer as `MistralCommonBackend` and Python tokenizers are: no offsets, and no word about being slow."""

    def __init__(self, whole):
        self._whole = whole

    def __getattr__(self, name):
        if name == "is_fast":
            raise AttributeError(name)
        return getattr(self._whole, name)

    def __len__(self):
        return len(self._whole)

    def __call__(self, *texts, **options):
        if options.pop("return_offsets_mapping", False):
            raise ValueError("`MistralCommonBackend` does not support `return_offsets_mapping` and `split_special_tokens`.")
        return self._whole(*texts, **options)


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request):
    marks = {"unk_token": UNKNOWN, "bos_token": "<s>", "eos_token": "</s>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=KINDS[request.param](), **marks)


def test_borders_without_offsets_are_those_of_offsets(tokenizer):
    contexts, continuations = zip(*CASES, strict=True)
    expected = borders.continued(tokenizer, tokenizer.bos_token_id, contexts, continuations)
    assert borders.continued(Plain(tokenizer), tokenizer.bos_token_id, contexts, continuations) == expected
    ids, wanted = expected
    assert len(CASES) == len(ids) == len(wanted) > 400
    for (context, continuation), row, count in zip(CASES, ids, wanted, strict=True):
        assert 0 <= count <= len(row)
        assert context or count == len(row)  # red: a blank at the very beginning was no part of it
        assert continuation or count == 0


def test_a_token_across_the_border_is_the_continuations():
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=words(), **{"unk_token": UNKNOWN, "bos_token": "<s>"})
    for tokenizer in (made, Plain(made)):
        ids, wanted = borders.continued(
            tokenizer, 1, ["The jalo", "The jalo", "The jalopy", "<s> The", "<s>", "The"], ["py", " py", "", " car", "", ""]
        )
        assert wanted == [1, 1, 0, 1, 0, 0]
        assert [len(row) for row in ids] == [2, 3, 2, 2, 0, 1]  # a context that spells BOS out is not given another
        assert borders.continued(tokenizer, 1, [], []) == ([], [])


@pytest.mark.parametrize("alias", ["smollm2-135m", "gemma3-270m"])
def test_real_tokenizers_have_the_same_borders(alias):
    from freqbias.errors import ModelNotReadyError
    from freqbias.models.names.aliases import resolve

    try:
        path = resolve(alias, "language_model").path
    except ModelNotReadyError:
        pytest.skip(f"freqbias models fetch {alias}")
    made = transformers.AutoTokenizer.from_pretrained(path)
    contexts, continuations = zip(*CASES, strict=True)
    assert borders.continued(Plain(made), 0, contexts, continuations) == borders.continued(made, 0, contexts, continuations)


@pytest.mark.parametrize("form", ["tekken", "sentencepiece"])
def test_mistrals_own_tokenizers_have_the_borders_of_their_pieces(form, tmp_path):
    data = pytest.importorskip("mistral_common").__path__[0] + "/data/"
    own, name = {
        "tekken": ("tekken_240911.json", "tekken.json"),
        "sentencepiece": ("mistral_instruct_tokenizer_241114.model.v7", "tokenizer.model.v7"),
    }[form]
    (tmp_path / name).symlink_to(data + own)
    tokenizer = transformers.MistralCommonBackend.from_pretrained(tmp_path)
    contexts, continuations = zip(*CASES, strict=True)
    ids, wanted = borders.continued(tokenizer, tokenizer.bos_token_id, contexts, continuations)
    inner = tokenizer.tokenizer.instruct_tokenizer.tokenizer
    for (context, continuation), row, count in zip(CASES, ids, wanted, strict=True):
        if form == "tekken":
            sizes, border = (
                [len(inner._model.decode_single_token_bytes(token - inner.num_special_tokens)) for token in row],
                len(context.encode()),
            )
        else:
            pieces, border = inner._model.encode(context + continuation, out_type=str), len(f"▁{context.replace(' ', '▁')}".encode())
            sizes = [1 if piece.startswith("<0x") else len(piece.encode()) for piece in pieces]
        ends = np.cumsum(sizes)
        assert count == ((ends > border).sum() if context else len(row)), (context, continuation)


def test_a_model_scores_and_a_client_reads_without_offsets(tmp_path, monkeypatch):
    from freqbias.models import language_model

    marks = {"unk_token": UNKNOWN, "bos_token": "<s>", "eos_token": "</s>"}
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=words(), **marks)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 64}
    config = transformers.LlamaConfig(vocab_size=len(made), bos_token_id=1, eos_token_id=2, pad_token_id=0, **sizes)
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path)
    made.save_pretrained(tmp_path)
    whole = transformers.AutoTokenizer.from_pretrained
    context, options = "The car broke down on", [" the way", " the way home,", "ly the way"]
    expected = language_model(str(tmp_path)).choices(context, options)
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *args, **options: Plain(whole(*args, **options)))
    model = language_model(str(tmp_path))
    np.testing.assert_allclose(model.choices(context, options), expected, atol=1e-6)
    assert model.generate([context], max_tokens=4)[0] is not None
    client = tokens.CausalTokens(str(tmp_path), "tiny")
    assert client.continued([context] * 3, options)[1] == [2, 3, 3]
