"""Training data: pairs from the frames, hand-written pairs with their variations, CMQCIC facts, replaced characters."""

import hashlib
import json
import random
import re
import string

from frames import FILLER, FRAMES, LEADS, VALUES

RELATE = ["consistent", "contradictory", "unrelated"]
VERIFY = ["true", "false", "not_said"]
NOT_TRUE = 3  # CMQCIC says "no" both for denied and for not mentioned


# Frames ------------------------------------------------------------------------------------------------------------------------------


def options(frame, slot, values):
    """The groups of synonyms that a slot can take; some depend on what is measured."""
    groups = frame.slots[slot]
    if isinstance(groups, str):
        low, high = map(int, groups[1:].split("-"))
        return [str(n) for n in range(low, high + 1)]
    key = next((values[s] for s in ("l", "f") if values.get(s) in VALUES), None)
    return VALUES[key] if groups == [""] and key else groups


def draw(rng, frame):
    values = {}
    for slot in frame.slots:
        if frame.slots[slot] == [""]:
            continue
        values[slot] = rng.choice(options(frame, slot, values))
    for slot in frame.slots:
        if slot not in values:
            values[slot] = rng.choice(VALUES[values["l" if "l" in values else "f"]])
    return values


def slots_of(wording):
    return {name for _, name, _, _ in string.Formatter().parse(wording) if name}


def say(rng, wordings, values, needs="", avoid=None):
    """One wording with its slots filled; `needs` must be among them. None where there is no such wording."""
    fit = [w for w in wordings.split("/") if set(needs) <= slots_of(w) and w != avoid]
    if not fit:
        return None, None
    wording = rng.choice(fit)
    return wording.format(**{slot: rng.choice(value.split("|")) for slot, value in values.items()}), wording


def dress(rng, clause, also=0.35):
    """A lead-in, and clauses about nothing in particular around it."""
    clause = rng.choice(LEADS) + clause
    parts = [clause]
    if rng.random() < also:
        parts.insert(rng.randrange(2), rng.choice(FILLER))
    return rng.choice([",", ",", "。"]).join(parts) + rng.choice(["", "", "。"])


def other_fact(rng, but):
    frame = rng.choice([f for f in FRAMES if f.name != but])
    return say(rng, frame.minus if frame.minus and rng.random() < 0.35 else frame.plus, draw(rng, frame))[0]


def relate_pair(rng):
    frame = rng.choice(FRAMES)
    values, label = draw(rng, frame), rng.choices(RELATE, [0.36, 0.36, 0.28])[0]
    positive = not frame.minus or rng.random() < 0.6
    wordings = frame.plus if positive else frame.minus
    if label == "consistent":
        a, wording = say(rng, wordings, values)
        b, _ = say(rng, wordings, values, avoid=wording)
        b = b or a
    elif label == "contradictory":
        flips = [*frame.flips] + (["!"] * 2 if frame.minus else [])
        flip = rng.choice(flips) if flips else None
        if flip is None:
            return relate_pair(rng)
        if flip == "!":
            a, wording = say(rng, frame.plus, values)
            b, _ = say(rng, frame.minus, values)
        else:
            a, _ = say(rng, frame.plus, values, flip)
            others = [o for o in options(frame, flip, values) if o != values[flip]]
            b, _ = say(rng, frame.plus, {**values, flip: rng.choice(others)}, flip)
        if not a or not b:
            return relate_pair(rng)
        if rng.random() < 0.5:
            a, b = b, a
    else:
        a, _ = say(rng, wordings, values)
        free = [s for s in frame.slots if s not in frame.flips and len(options(frame, s, values)) > 1 and f"{{{s}}}" in wordings]
        kind = rng.random()
        if free and kind < 0.5:  # the same said of something else
            slot = rng.choice(free)
            changed = {**draw(rng, frame), slot: rng.choice([o for o in options(frame, slot, values) if o != values[slot]])}
            b, _ = say(rng, frame.plus if not frame.minus or rng.random() < 0.5 else frame.minus, changed, slot)
            b = b or other_fact(rng, frame.name)
        elif frame.minus and kind < 0.65:  # of another time or person
            b, _ = say(rng, frame.minus if positive else frame.plus, values)
            time = rng.choice([("入院时", "出院时"), ("术前", "术后第7天"), ("治疗前", "经治疗后"), ("患者", "其父"), ("昨日", "今日"), ("3年前", "本次入院")])
            a, b = (text if rng.random() < 0.5 else text + rng.choice(FILLER) for text in (time[0] + a, time[1] + b))
            return a, b, label
        else:
            b = other_fact(rng, frame.name)
    return dress(rng, a), dress(rng, b), label


def passage(rng, facts, but, least=1, most=6):
    parts = list(facts) + [other_fact(rng, but) for _ in range(rng.randint(least, most))] + rng.sample(FILLER, rng.randint(0, 2))
    rng.shuffle(parts)
    text = rng.choice(LEADS)
    for part in parts:
        text += part + rng.choice([",", ",", "。", ";"])
    return text[:-1] + "。"


def verify_item(rng):
    frame = rng.choice([f for f in FRAMES if f.states])
    values, label = draw(rng, frame), rng.choices(VERIFY, [0.36, 0.3, 0.34])[0]
    positive = not frame.refusals or rng.random() < 0.75
    statement, wording = say(rng, frame.states if positive else frame.refusals, values)
    named = slots_of(wording)
    same, opposite = (frame.plus, frame.minus) if positive else (frame.minus, frame.plus)
    if label == "true":
        fact, _ = say(rng, same, values, [s for s in named if f"{{{s}}}" in same])
    elif label == "false":
        flips = [s for s in frame.flips if s in named] + (["!"] * 2 if opposite else [])
        flip = rng.choice(flips) if flips else None
        if flip == "!":
            fact, _ = say(rng, opposite, values)
        elif flip and positive:
            fact, _ = say(rng, frame.plus, {**values, flip: rng.choice([o for o in options(frame, flip, values) if o != values[flip]])}, flip)
        else:
            return verify_item(rng)
    else:
        free = [s for s in named if s not in frame.flips and f"{{{s}}}" in frame.plus and len(options(frame, s, values)) > 1]
        fact = None
        if free and rng.random() < 0.6:
            slot = rng.choice(free)
            fact, _ = say(rng, frame.plus, {**values, slot: rng.choice([o for o in options(frame, slot, values) if o != values[slot]])}, slot)
    if label != "not_said" and not fact:
        return verify_item(rng)
    if rng.random() < 0.15:
        statement = "是否" + statement.removeprefix("患者")
    return statement, passage(rng, [fact] if fact else [], frame.name), label


# Hand-written pairs ------------------------------------------------------------------------------------------------------------------


def lines(path):
    return [json.loads(line) for line in open(path, encoding="utf-8") if line.strip()]


def share(text):
    """A number in 0..1 that only the text decides."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32


def groups_of(rows, keys):
    """Rows that share a text get one group, so that a text is either learnt or held out."""
    parent = {}

    def find(x):
        while parent.setdefault(x, x) != x:
            x = parent[x]
        return x

    for row in rows:
        first, *rest = [row[key] for key in keys]
        for other in rest:
            parent[find(other)] = find(first)
        find(first)
    least = {}
    for row in rows:
        for key in keys:
            root = find(row[key])
            least[root] = min(least.get(root, row[key]), row[key])
    return [least[find(row[keys[0]])] for row in rows]


def split(rows, keys, held=0.15):
    groups = groups_of(rows, keys)
    return [r for r, g in zip(rows, groups) if share(g) >= held], [r for r, g in zip(rows, groups) if share(g) < held]


SENTENCE = re.compile(r"[^。;;!?!?\n]+[。;;!?!?\n]*")


def sentences(text):
    """(start, end) of the sentences of a text."""
    return [match.span() for match in SENTENCE.finditer(text)]


def swap_sides(text):
    return text.translate(str.maketrans("左右", "右左"))


def vary_relate(rng, row, rows):
    a, b, label = row["a"], row["b"], row["label"]
    kind = rng.random()
    if kind < 0.06:
        a, b, label = a, rng.choice(rows)["b"], "unrelated"
        if b == row["b"]:
            label = row["label"]
    elif kind < 0.12 and label == "consistent" and any(s in a and s in b for s in "左右"):
        b, label = swap_sides(b), "contradictory"
    elif kind < 0.2 and ("左" in a + b or "右" in a + b):
        a, b = swap_sides(a), swap_sides(b)
    elif kind < 0.24:
        a, b, label = a, (a if rng.random() < 0.5 else dress(rng, a, 1)), "consistent"
    elif kind < 0.4:
        a = dress(rng, a.rstrip("。"), 0.8)
    return (a, b, label) if rng.random() < 0.5 else (b, a, label)


def vary_verify(rng, row, rows):
    statement, text, label, evidence = row["statement"], row["passage"], row["label"], row.get("evidence", "")
    kind = rng.random()
    if kind < 0.08 and evidence:
        text = evidence
    elif kind < 0.14 and evidence and evidence in text:
        rest = text.replace(evidence, "").strip(",,。;; ")
        if len(rest) > 12 and label == "true" and len(evidence) > 6:
            text, label = rest, "not_said"
    elif kind < 0.2:
        other = rng.choice(rows)
        if other["statement"] != statement:
            text, label = other["passage"], "not_said"
    elif kind < 0.4:
        other = rng.choice(FILLER) if rng.random() < 0.4 else other_fact(rng, "")
        text = f"{other}。{text}" if rng.random() < 0.5 else f"{text.rstrip('。')}。{other}。"
    return statement, text, label


# CMQCIC ------------------------------------------------------------------------------------------------------------------------------


def cmqcic(folder):
    """(learn, held): facts of the notes as (statement, note, label, true?); notes are divided by a hash (salted: the published part was itself cut by the plain hash). Only yes/no facts are read."""
    learn, held = [], []
    for row in lines(f"{folder}/dev.jsonl"):
        for fact in row["facts"]:
            statement = re.sub(r"\s*=\s*True.*$", "", fact["Fact"]).strip("。 ")
            if fact["Result"] not in ("True", "False", "无法判断") or "=" in statement:
                continue
            true = fact["Result"] == "True"
            item = (statement, row["patient note"], 0 if true else NOT_TRUE, true)
            (learn if share("half" + row["patient note"]) < 0.5 else held).append(item)
    return learn, held


# Replaced characters -----------------------------------------------------------------------------------------------------------------


def confusions(path):
    return {line[0]: line.rstrip("\n").split("\t")[1].split() for line in open(path, encoding="utf-8") if "\t" in line}


def replace_characters(rng, text, confused):
    """The text with perhaps one or two characters replaced, and the places of those."""
    places = [i for i, c in enumerate(text) if c in confused]
    marks = set()
    if places and rng.random() < 0.6:
        for i in rng.sample(places, min(len(places), 1 if len(text) < 30 else rng.randint(1, 2))):
            text, _ = text[:i] + rng.choice(confused[text[i]]) + text[i + 1 :], marks.add(i)
    return text, marks


def mcscset(path):
    """The first half of the pairs wrong/right, as (text, places)."""
    rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8")]
    rows = [row for row in rows[: len(rows) // 2] if len(row) == 2 and len(row[0]) == len(row[1])]
    return [(wrong, {i for i, (x, y) in enumerate(zip(wrong, right)) if x != y}) for wrong, right in rows]


if __name__ == "__main__":
    rng = random.Random(1)
    for _ in range(25):
        print(relate_pair(rng), verify_item(rng), sep="\n")
