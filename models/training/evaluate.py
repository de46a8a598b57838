"""Measures a trained encoder and head: `evaluate.py DIR --relate FILE --verify FILE [--cmqcic DIR]`."""

import argparse

import torch

import data
from encoder import Encoder, Tokens, states
from head import Head, logits, pad


@torch.no_grad()
def scores(encoder, head, tokens, task, pairs):
    """Logits of pairs of texts, in f32. `relate` is the mean of both orders, which makes it symmetric."""
    read = {}
    texts = list(dict.fromkeys(text for pair in pairs for text in pair[:2]))
    for start in range(0, len(texts), 64):
        part = texts[start : start + 64]
        read.update(zip(part, states(encoder, tokens, part)))
    out = []
    for start in range(0, len(pairs), 32):
        firsts, seconds = ([read[pair[i]] for pair in pairs[start : start + 32]] for i in (0, 1))
        one = logits(head, task, firsts, seconds)
        out.append((one + logits(head, task, seconds, firsts)) / 2 if task == "relate" else one)
    return torch.cat(out), read


def fit_temperature(out, labels):
    grid = torch.linspace(0.4, 5, 231)
    losses = torch.stack([torch.nn.functional.cross_entropy(out / t, labels) for t in grid])
    return grid[losses.argmin()].item()


def calibration_error(probabilities, labels, bins=10):
    """ECE of the chosen class."""
    sure, chosen = probabilities.max(-1)
    right, error = (chosen == labels).float(), 0.0
    for low in range(bins):
        inside = (sure > low / bins) & (sure <= (low + 1) / bins)
        if inside.any():
            error += inside.float().mean().item() * abs(right[inside].mean().item() - sure[inside].mean().item())
    return error


def precision_at(p, positive, threshold):
    said = p >= threshold
    hits = (said & positive).sum().item()
    return hits / max(said.sum().item(), 1), hits / max(positive.sum().item(), 1), hits, said.sum().item()


def threshold_for(p, positive, precision):
    """The lowest threshold from which on precision is reached."""
    best = None
    for t in sorted(set(p.tolist()), reverse=True):
        if precision_at(p, positive, t)[0] >= precision:
            best = t
    return best


def report(name, out, labels, classes, temperature):
    p = (out / temperature).softmax(-1)
    chosen = p.argmax(-1)
    print(f"{name}: accuracy {(chosen == labels).float().mean():.3f} of {len(labels)}, ECE {calibration_error(p, labels):.3f} at temperature {temperature:.2f}")
    for i, c in enumerate(classes):
        print(f"  {c}: " + " ".join(f"{classes[j]} {((labels == i) & (chosen == j)).sum()}" for j in range(3)))
    return p


def relate(encoder, head, tokens, rows, temperature=None, threshold=None, want=0.92):
    labels = torch.tensor([data.RELATE.index(row["label"]) for row in rows])
    out, _ = scores(encoder, head, tokens, "relate", [(row["a"], row["b"]) for row in rows])
    temperature = temperature or fit_temperature(out, labels)
    p = report("relate", out, labels, data.RELATE, temperature)[:, 1]
    threshold = threshold or threshold_for(p, labels == 1, want) or 0.95
    for t in (0.5, 0.7, 0.8, 0.9, threshold):
        precision, recall, hits, said = precision_at(p, labels == 1, t)
        print(f"  contradictory at {t:.3f}: precision {precision:.3f} ({hits}/{said}), recall {recall:.3f}")
    return temperature, threshold


@torch.no_grad()
def evidence(head, statement, text, passage):
    """(by share of attention, by score alone): the number of the sentence that speaks of the statement. `text` are the passage's (states, mask, spans)."""
    spans = data.sentences(passage)
    own = [[i for i, s in enumerate(text[2]) if text[1][i] and start <= s[0] < end] for start, end in spans]
    own = [(n, places) for n, places in enumerate(own) if places]
    a, mask_a = pad([statement])
    b, mask_b = pad([text])
    (key_a, part_a), (key_b, part_b) = head.project(a), head.project(b)
    weights = head.one_way(key_a, part_a, mask_a, key_b, part_b, mask_b)[1][0].sum(0)
    place = {i: n for n, i in enumerate(i for i in range(len(text[1])) if text[1][i])}
    attention = max(own, key=lambda item: sum(weights[place[i]] for i in item[1]))[0]
    alone = logits(head, "verify", [statement] * len(own), [(text[0][places], torch.ones(len(places), dtype=torch.bool)) for _, places in own])
    return attention, own[alone.softmax(-1)[:, :2].sum(-1).argmax().item()][0]


def verify(encoder, head, tokens, rows, temperature=None):
    labels = torch.tensor([data.VERIFY.index(row["label"]) for row in rows])
    out, read = scores(encoder, head, tokens, "verify", [(row["statement"], row["passage"]) for row in rows])
    temperature = temperature or fit_temperature(out, labels)
    report("verify", out, labels, data.VERIFY, temperature)
    found, count, many = [0, 0], 0, 0
    for row in rows:
        spans = data.sentences(row["passage"])
        if row.get("evidence") and row["evidence"] in row["passage"] and len(spans) > 1:
            start = row["passage"].index(row["evidence"])
            end = start + len(row["evidence"])
            right = {n for n, (s, e) in enumerate(spans) if s < end and e > start}
            for way, n in enumerate(evidence(head, read[row["statement"]], read[row["passage"]], row["passage"])):
                found[way] += n in right
            count, many = count + 1, many + len(right) / len(spans)
    if count:
        print(f"  evidence sentence (of {count} passages with several; chance {many / count:.2f}): by attention {found[0] / count:.2f}, by the sentence alone {found[1] / count:.2f}")
    return temperature


def facts(encoder, head, tokens, items):
    out, _ = scores(encoder, head, tokens, "verify", items)
    true = torch.tensor([item[3] for item in items])
    p = out.softmax(-1)[:, 0]
    print(f"facts: agreement {((p > 0.5) == true).float().mean():.3f} of {len(items)}; always the majority {max(true.float().mean(), 1 - true.float().mean()):.3f}")


def fitted(encoder, head, tokens, relate_rows, verify_rows):
    """Temperatures, and thresholds from which on a contradiction may be believed, fitted on held-out rows."""
    temperatures = measure(encoder, head, tokens, relate_rows, verify_rows, [])
    return {"relate.temperature": round(temperatures[0][0], 3), "relate.threshold": round(temperatures[0][1], 4), "verify.temperature": round(temperatures[1], 3)}


def measure(encoder, head, tokens, relate_rows, verify_rows, fact_items):
    t = relate(encoder, head, tokens, relate_rows), verify(encoder, head, tokens, verify_rows)
    if fact_items:
        facts(encoder, head, tokens, fact_items)
    return t


def load(folder):
    head = Head()
    head.load_state_dict(torch.load(f"{folder}/head.pt"))
    return Encoder(f"{folder}/encoder").eval(), head.eval(), Tokens(f"{folder}/encoder")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("folder")
    p.add_argument("--hand", help="measure on the held-out share of these hand-written pairs")
    p.add_argument("--relate")
    p.add_argument("--verify")
    p.add_argument("--cmqcic")
    p.add_argument("--temperatures", type=float, nargs=2, default=[None, None])
    p.add_argument("--threshold", type=float)
    o = p.parse_args()
    torch.set_num_threads(1)
    model = load(o.folder)
    if o.hand:
        measure(*model, data.split(data.lines(f"{o.hand}/relate.jsonl"), ["a", "b"])[1], data.split(data.lines(f"{o.hand}/verify.jsonl"), ["statement"])[1], [])
    if o.relate:
        relate(*model, data.lines(o.relate), o.temperatures[0], o.threshold)
    if o.verify:
        verify(*model, data.lines(o.verify), o.temperatures[1])
    if o.cmqcic:
        facts(*model, data.cmqcic(o.cmqcic)[1])
