"""The data of `tests/golden/items.R`, made by the same arithmetic."""

import numpy as np


def noise(k, m):
    return ((k * 7919 + 104729) % m) / m - 0.5


def nested():
    counts = 1 + (np.arange(30) * 7) % 5
    item = np.repeat(np.arange(30), counts)
    place = np.concatenate([np.arange(1, n + 1) for n in counts])
    return 0.03 + 0.4 * noise(item + 1, 997) + 0.15 * noise(item * 31 + place * 57 + 11, 1009), item


def crossed():
    item, frame = np.tile(np.arange(40), 8), np.repeat(np.arange(8), 40)
    y = 0.02 + 0.15 * noise(item + 1, 997) + 0.06 * noise(frame + 3, 389) + 0.08 * noise(item * 31 + frame * 57 + 11, 1009)
    return y, item, frame
