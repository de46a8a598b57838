"""Lays out what suspect.bin is made from: `corpus.py PROJECT PAIRS JIEBA_DICT OUT`, then `bingli model suspect OUT`.

clean, other: the records of corpora/train without and with defects · ground: Chinese text of the rules ·
terms: words of the lexicon · words: jieba's dictionary with its frequencies · pairs: the first half of MCSCSet's validation pairs.
PAIRS is that file (wrong TAB right), which is not in this repository. No patient's note is counted: four characters seen once are a piece of its text.
"""
import json
import re
import sys
from pathlib import Path

project, mcscset, jieba, out = map(Path, sys.argv[1:])
out.mkdir(exist_ok=True)


def han(text):
    return any("\u3400" <= char <= "\u9fff" for char in text)


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if han(key):
                yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def write(name, texts):
    (out / f"{name}.jsonl").write_text("".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts), encoding="utf-8")


clean, other = [], []
for path in sorted(path for path in (project / "corpora/train").glob("*.json") if not path.name.endswith(".gold.json")):
    gold = json.loads(path.with_name(path.name.replace(".json", ".gold.json")).read_text(encoding="utf-8"))
    seeded = [f.get("quote", "") for f in gold["findings"] if f.get("code") in ("C-S01", "C-S05", "C-C04")]
    for text in strings(json.loads(path.read_text(encoding="utf-8"))):
        for quote in filter(None, seeded):
            text = text.replace(quote, "\n")
        if han(text):
            (clean if gold["clean"] else other).append(text)
write("clean", clean)
write("other", other)

QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def quoted(path):
    """The texts of a rule file; regexes stand in single quotes and stay out."""
    return [text.replace("\\n", "\n") for text in QUOTED.findall(path.read_text(encoding="utf-8")) if han(text)]


files = sorted((project / "rules").rglob("*.toml"))
# A rule on wrong characters would teach its own typos.
typo = re.compile(r'defect = "C-(S01|S05|C04)"')
ground = [t for path in files if path.parent.name != "lexicon" and not typo.search(path.read_text(encoding="utf-8")) for t in quoted(path)]
write("ground", ground)
write("terms", sorted({text for path in files if path.parent.name == "lexicon" for text in quoted(path)}))
write("words", [f"{w} {f}" for w, f, *_ in (line.split(" ") for line in jieba.read_text(encoding="utf-8").splitlines()) if han(w) and int(f) >= 2])
pairs = [line.split("\t") for line in mcscset.read_text(encoding="utf-8").splitlines()]
write("pairs", pairs[: len(pairs) // 2])
