"""The data of tests/golden/make.R, made by the same arithmetic, and R's numbers."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

R = json.loads((Path(__file__).parent / "golden" / "r.json").read_text())


def noise(k, m):
    return ((k * 7919 + 104729) % m) / m - 0.5


def golden_table(n_item=40, n_frame=8):
    """Return items in crossed frames, gaps that are linear in dose and length."""
    item, frame = np.tile(np.arange(n_item), n_frame), np.repeat(np.arange(n_frame), n_item)
    table = pd.DataFrame({"item": item, "frame": frame, "zipf_gap": 0.7 + ((item * 37) % 101) / 44})
    table["characters_gap"] = (item * 13) % 7 - 3
    table["gap"] = 0.02 * table["zipf_gap"] - 0.01 * table["characters_gap"]
    table["gap"] += 0.15 * noise(item + 1, 997) + 0.06 * noise(frame + 3, 389) + 0.08 * noise(item * 31 + frame * 57 + 11, 1009)
    return table


def uneven_table():
    """Return the same with a dose that works differently by frame, and noise that grows with its distance from the mean."""
    table = golden_table()
    item, frame, zipf = table["item"], table["frame"], table["zipf_gap"]
    table["gap"] += 0.08 * zipf * noise(frame * 19 + 2, 401) + 0.2 * (zipf - zipf.mean()).abs() * noise(item * 43 + frame * 71 + 5, 1013)
    return table


def golden_answers():
    """Return the discordant pairs of right and wrong answers."""
    item, frame = np.tile(np.arange(40), 24), np.repeat(np.arange(24), 40)
    table = pd.DataFrame({"item": item, "zipf_gap": 0.7 + ((item * 37) % 101) / 44, "characters_gap": (item * 13) % 7 - 3})
    level = 4 * noise(item * 17 + frame * 29 + 5, 947)
    effect = -1.2 + 0.8 * table["zipf_gap"] - 0.3 * table["characters_gap"]
    high = noise(item * 71 + frame * 113 + 2, 1013) + 0.5 < 1 / (1 + np.exp(-level - effect / 2))
    low = noise(item * 59 + frame * 151 + 7, 1019) + 0.5 < 1 / (1 + np.exp(-level + effect / 2))
    return table.assign(gap=high.astype(float) - low.astype(float)).query("gap != 0")
