"""Tiny transformers written to disk, so that every kind of model is loaded the way a user's is, in seconds and without weights."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [
    "a",
    "the",
    "in",
    "doctor",
    "physician",
    "car",
    "automobile",
    "big",
    "large",
    "house",
    "stood",
    "drove",
    "healed",
    "road",
    "hill",
    "who",
    "what",
]
WINDOW = 24
TOPICS = {
    "who healed": ["the doctor healed", "a physician healed"],
    "what drove": ["the car drove in the road", "a automobile drove"],
    "what stood": ["the house stood", "a large house stood in the hill"],
}


def tokenizer():
    """Return a word-piece tokenizer that knows `WORDS` and every small letter."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = list(dict.fromkeys([*SPECIALS, *WORDS, *letters, *(f"##{letter}" for letter in letters)]))
    inner = Tokenizer(WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))  # noqa: S106
    inner.normalizer = normalizers.BertNormalizer()
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", pieces.index("[CLS]")), ("[SEP]", pieces.index("[SEP]"))]
    inner.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends)
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    return PreTrainedTokenizerFast(tokenizer_object=inner, model_max_length=WINDOW, **names)


def config(**more):
    """Return the configuration of a BERT with one layer."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    # weights wider than BERT's .02 give different words clearly different vectors, and train in fewer steps
    wide = {"initializer_range": 0.3, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return BertConfig(vocab_size=len(tokenizer()), max_position_embeddings=WINDOW, **sizes, **wide, **more)


def bert(folder: Path) -> Path:
    """Write a plain transformers directory with random weights."""
    torch.manual_seed(0)
    BertModel(config()).eval().save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def multi_vector(source: Path, folder: Path) -> Path:
    """Write a late-interaction model with a random projection."""
    from sentence_transformers import MultiVectorEncoder

    torch.manual_seed(0)
    MultiVectorEncoder(str(source), device="cpu").save_pretrained(str(folder), create_model_card=False)
    return folder


def cross_encoder(folder: Path, labels: int = 1) -> Path:
    """Write a classifier of couples; with one label it is trained until a query's own documents score higher than others."""
    torch.manual_seed(0)
    model, words = BertForSequenceClassification(config(num_labels=labels)), tokenizer()
    if labels == 1:
        couples = [(query, text, float(query == owner)) for query in TOPICS for owner, texts in TOPICS.items() for text in texts]
        queries, texts, targets = zip(*couples, strict=True)
        batch = words(list(queries), list(texts), padding=True, return_tensors="pt")
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
        for _ in range(100):
            optimiser.zero_grad()
            logits = model(**batch).logits[:, 0]
            torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(targets)).backward()
            optimiser.step()
    model.eval().save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
