"""Embedding probe `retrieval`: where the right document stands in a ranked corpus when its wording is frequent or rare.

The corpus holds the documents of the pair file: one place for every item and frame (a user's collection, substituted by `freqbias
pairs substitute`, has one for every text that has two forms), filled with the high form at every other place and with the low form at
the rest. A pair's gold document is put into it in one form at a time; all other documents of its item are taken out, so that its other
form never competes with it and no other right answer is there. Both forms, both registers and all arms are ranked against the same
rest. Rows written, each once per measure:

* `document_form` (a row a register): the item's glosses ask; pairs without glosses are asked the queries that their collection calls
  relevant (`register` is null). Their words come from the original texts, so there the overlap of query and document is a rival, which
  `query_overlap` records;
* `crossed`: queries in either word against documents in either word, `cells` query form first.

Measures, with one relevant document at rank r (1 is best): `ndcg_at_10` = 1/log2(1+r) up to 10, `recall_at_1`, `recall_at_10`,
`recall_at_100`, `mrr_at_10` = 1/r up to 10, else 0, and `negative_rank` = -r, whose gap is the mean number of places that the frequent
form gains. They equal ir-measures' on the same ranking. The confirmatory estimate is `document_form` in `ndcg_at_10`. Model-level
estimates (contrast `zipf_buckets`, terms `bucket:1` rarest to `bucket:8`): the same measures, frequency arm, by the frequency of the
swapped words in eight parts of equal cumulative frequency.

What could fake a result, and what is done about it: a corpus of other wording than the gold (half and half, the same for both forms);
the gold's other form or frames as distractors (taken out, with every other document of the item); decoys, which are other items'
right answers (left out); ties (broken by a hash of item and frame, which both forms share, so never by form; counted in `ties`); word
overlap (glosses share no stem); hubness of the pool (the pool is one, so intervals generalise to items in this corpus); a corpus
smaller than k (then k is the whole corpus and recall is 1 for both forms; `corpus` records the number of documents).
Where every score costs a forward pass, the gold is re-ranked among a fixed sample of the corpus; `corpus` says how many.
"""
