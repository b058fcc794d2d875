"""Embedding probe `geometry`: is an effect of frequency a property of the space rather than of meaning?

Rows written, for the two documents of a pair:

* `centroid` (measure `cosine`): cosine with the mean direction of the documents of all other items;
* `norm` (measure `l2_norm`): the vector's length; no rows where the model normalises its output;
* `hubness` (measure `k_occurrence`): in how many lists of the 10 nearest neighbours the document stands.

The confirmatory estimate is `centroid`. Model-level estimates, without tests, `term` is `UNIT:SPACE` with unit `words` (content words
of the texts, each alone), `forms` (the swapped words alone), `documents` or `synonyms`, and space `raw`, `centred` or `all_but_the_top`
(centred, the first d/100 principal components removed):

* `freq_cos_slope` (measure `cosine_per_doubling`): mean cosine with the texts of other items, per doubling of frequency, at equal
  length and, for forms and documents, equal content: within pairs, with the intended sense's share held level. Unit `synonyms`: the
  cosine of the two documents of a pair, which mean the same, against their mean log2 frequency (Zhou et al. 2022);
* `norm_freq_corr` (measure `correlation`): length of the vector with Zipf, Spearman, within pairs where there are pairs;
* `hubness_skewness` (measure `skewness`): third standardised moment of the k-occurrence, k = 10 (Radovanović et al. 2010);
* `hubness_freq_corr` (measure `correlation`): k-occurrence with Zipf, as above.
"""
