"""The metrics once more, in plain Python from the paper's equations (25–29): one row, one label at a time.

`predicted` is a list of rows of labels, best first, −1 for a missing place; `truth` a list of sets.
Everything is a fraction, not a percentage.
"""

import math


def inverse_propensity(count, n, a, b):
    return 1 + (math.log(n) - 1) * (b + 1) ** a * math.exp(-a * math.log(count + b))


def gain(row, true, k, weight, labels):
    """Σ over the first k places of the weight of a hit, for hits among `labels`."""
    return sum(weight[label] for label in row[:k] if label in true and label in labels)


def dcg(row, true, k, weight, labels):
    return sum(
        weight[label] / math.log2(rank + 1)
        for rank, label in enumerate(row[:k], 1)
        if label in true and label in labels
    )


def ideal_dcg(true, k):
    return sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(true)) + 1))


def ndcg(row, true, k, weight, labels):
    return dcg(row, true, k, weight, labels) / ideal_dcg(true, k) if true else 0


def precision(predicted, truth, k, labels):
    ones = dict.fromkeys(labels, 1)
    return sum(
        gain(row, true, k, ones, labels) / k for row, true in zip(predicted, truth, strict=True)
    ) / len(truth)


def mean_ndcg(predicted, truth, k, labels):
    ones = dict.fromkeys(labels, 1)
    return sum(ndcg(row, true, k, ones, labels) for row, true in zip(predicted, truth, strict=True)) / len(
        truth
    )


def normalized(metric, predicted, truth, k, inverse, labels):
    """Eq. 29: the metric of the predictions over that of the best ranking, each summed over the rows."""
    everything = range(len(inverse))
    best = [sorted(true, key=lambda label: -inverse[label]) for true in truth]
    above = sum(metric(row, true, k, inverse, labels) for row, true in zip(predicted, truth, strict=True))
    below = sum(metric(row, true, k, inverse, everything) for row, true in zip(best, truth, strict=True))
    return above / below if below else 0


def recall(predicted, truth, k, labels, skip_empty):
    values = []
    for row, true in zip(predicted, truth, strict=True):
        wanted = true & set(labels)
        if wanted:
            values.append(len(wanted & set(row[:k])) / len(wanted))
        elif not skip_empty:
            values.append(0)
    return sum(values) / len(values) if values else 0


def coverage(predicted, truth, k, labels):
    occurring = set().union(*truth) & set(labels)
    found = {label for row, true in zip(predicted, truth, strict=True) for label in row[:k] if label in true}
    return len(found & occurring) / len(occurring) if occurring else 0


def macro_f1(predicted, truth, k, labels):
    total = 0
    for label in labels:
        chosen = [label in row[:k] for row in predicted]
        actual = [label in true for true in truth]
        both = sum(c and t for c, t in zip(chosen, actual, strict=True))
        total += 2 * both / (sum(chosen) + sum(actual)) if any(chosen) or any(actual) else 0
    return total / len(labels)


def paper_reordered(row, scores, inverse):
    """Of the best five, each place takes the rarest among the best-scored left and those scored above 0."""
    left = [(label, score) for label, score in zip(row[:5], scores[:5], strict=True) if label >= 0]
    order = []
    while left:
        candidates = [left[0], *(pair for pair in left[1:] if pair[1] > 0)]
        chosen = max(candidates, key=lambda pair: inverse[pair[0]])  # of equals, max takes the first
        order.append(chosen[0])
        left.remove(chosen)
    return order + [label for label in row[:5] if label < 0] + list(row[5:])


def deciles(counts):
    """Labels seen in training, rarest first, in ten runs, the longer runs first; then the unseen."""
    seen = sorted((count, label) for label, count in enumerate(counts) if count > 0)
    runs, start = [], 0
    for i in range(10):
        length = len(seen) // 10 + (i < len(seen) % 10)
        runs.append([label for _, label in seen[start : start + length]])
        start += length
    runs.append([label for label, count in enumerate(counts) if count == 0])
    return [run for run in runs if run]


def everything(predicted, truth, ks, inverse, labels, ps_predicted, skip_empty):
    """All metrics by ``name@k``, for `labels`."""
    out = {}
    for k in ks:
        out[f"P@{k}"] = precision(predicted, truth, k, labels)
        out[f"nDCG@{k}"] = mean_ndcg(predicted, truth, k, labels)
        out[f"recall@{k}"] = recall(predicted, truth, k, labels, skip_empty)
        out[f"coverage@{k}"] = coverage(predicted, truth, k, labels)
        out[f"macro-F1@{k}"] = macro_f1(predicted, truth, k, labels)
        if inverse is not None:
            out[f"PSP@{k}"] = normalized(gain, ps_predicted, truth, k, inverse, labels)
            out[f"PSnDCG@{k}"] = normalized(ndcg, ps_predicted, truth, k, inverse, labels)
    return out
