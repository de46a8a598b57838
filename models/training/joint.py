"""Both texts read together by one encoder: `joint.py BASE OUT --hand DIR [--cmqcic DIR] [--minutes N]`. README.md tells more.

A pair is one sequence, `<s> query: A </s></s> B </s>`; the mean of its states goes through 256 tanh units a job into three classes. All layers learn, the
embeddings of words stay, so that the encoder of `judge` could share them.
"""

import argparse
import random
import time

import torch
import torch.nn.functional as F
from torch import nn

import data
from encoder import PREFIX, Encoder, Tokens
from evaluate import calibration_error, fit_temperature, threshold_for
from train import pair_loss

CLASSES = {"relate": data.RELATE, "verify": data.VERIFY}
KEYS = {"relate": ("a", "b"), "verify": ("statement", "passage")}
# Tokens of the first and of the second text at most: a statement is short.
MOST = 120, 380
SEPARATOR = 2


class Joint(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.encoder = Encoder(base)
        width = self.encoder.config["hidden_size"]
        self.hidden = nn.ModuleDict({job: nn.Linear(width, 256) for job in CLASSES})
        self.output = nn.ModuleDict({job: nn.Linear(256, 3) for job in CLASSES})

    def forward(self, job, ids, mask):
        states, kept = self.encoder(ids, mask).float(), mask[..., None].float()
        hidden = torch.tanh(self.hidden[job]((states * kept).sum(1) / kept.sum(1)))
        return self.output[job](F.dropout(hidden, 0.1, self.training))


class Pairs:
    def __init__(self, tokens):
        self.tokenizer, self.known = tokens.tokenizer, {}
        self.prefix = self.tokenizer.encode(PREFIX).ids[:-1]

    def bare(self, text):
        if text not in self.known:
            ids = self.tokenizer.encode(PREFIX + text).ids
            # The first word may have merged with the prefix.
            self.known[text] = ids[len(self.prefix) : -1] if ids[: len(self.prefix)] == self.prefix else ids[1:-1]
        return self.known[text]

    def ids(self, a, b):
        return [*self.prefix, *self.bare(a)[: MOST[0]], SEPARATOR, SEPARATOR, *self.bare(b)[: MOST[1]], SEPARATOR]


def batch(rows):
    ids = torch.ones(len(rows), max(map(len, rows)), dtype=torch.long)
    mask = torch.zeros_like(ids, dtype=torch.bool)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)], mask[row, : len(tokens)] = torch.tensor(tokens), True
    return ids, mask


@torch.no_grad()
def predict(net, pairs, job, rows):
    """Logits; of `relate` the mean of both orders."""
    net.eval()
    out, orders = torch.zeros(len(rows), 3), (False, True) if job == "relate" else (False,)
    for turned in orders:
        read = [pairs.ids(b, a) if turned else pairs.ids(a, b) for a, b, *_ in rows]
        by_length = sorted(range(len(rows)), key=lambda i: len(read[i]))
        for start in range(0, len(rows), 32):
            part = by_length[start : start + 32]
            with torch.autocast("cpu", torch.bfloat16):
                for i, logits in zip(part, net(job, *batch([read[i] for i in part]))):
                    out[i] += logits / len(orders)
    return out


def report(name, job, logits, rows, temperature=1.0):
    labels, p = torch.tensor([row[2] for row in rows]), (logits / temperature).softmax(-1)
    order = p[:, 1].argsort(descending=True)
    hits = (labels[order] == 1).float().cumsum(0)
    precision, recall = hits / torch.arange(1, len(order) + 1), hits / hits[-1].clamp(min=1)
    at = {least: precision[(recall >= least).nonzero()[0, 0]].item() for least in (0.3, 0.5, 0.65)}
    sure = (precision >= 0.92).nonzero()
    print(f"{name} {job}: accuracy {(p.argmax(-1) == labels).float().mean():.3f} of {len(rows)}, ECE {calibration_error(p, labels):.3f}; {CLASSES[job][1]}: "
          + ", ".join(f"precision {p:.3f} at recall {r}" for r, p in at.items()) + f", recall {recall[sure[-1, 0]] if len(sure) else 0:.3f} at precision 0.92", flush=True)


def near(text, size=6):
    letters = "".join(c for c in text if c.isalnum())
    return {letters[i : i + size] for i in range(max(len(letters) - size + 1, 1))}


def unlike(rows, keys, test):
    """Rows of which no text shares half its stretches of six letters with a text of the test set."""
    known = [near(row[key]) for row in test for key in keys]
    index = {}
    for number, letters in enumerate(known):
        for stretch in letters:
            index.setdefault(stretch, []).append(number)

    def is_like(text):
        letters, shared = near(text), {}
        for number in (number for stretch in letters for number in index.get(stretch, ())):
            shared[number] = shared.get(number, 0) + 1
        return len(letters) > 6 and any(len(known[n]) > 6 and count > 0.5 * min(len(letters), len(known[n])) for n, count in shared.items())

    return [row for row in rows if not any(is_like(row[key]) for key in keys)]


def load(o):
    sets = {}
    for job, keys in KEYS.items():
        test = data.lines(f"{o.test}/{job}.jsonl")
        rows = data.lines(f"{o.hand}/{job}.jsonl") + data.lines(f"{o.hand}/{job}-2.jsonl")
        # Statements are shared by nature: what must differ is what is said.
        kept = unlike(rows, keys if job == "relate" else keys[1:], test)
        learn, held = data.split(kept, keys if job == "relate" else keys[:1], 0.06)
        tuples = lambda rows: [(row[keys[0]], row[keys[1]], CLASSES[job].index(row["label"])) for row in rows]
        sets[job] = learn, tuples(held), tuples(test)
        print(f"{job}: {len(rows)} pairs, {len(learn)} learnt, {len(held)} held out, {len(test)} test", flush=True)
    return sets


def epoch(rng, sets, facts, pairs):
    """Batches of one job and like length, in random order."""
    rows = [("verify", *fact[:3]) for fact in facts]
    for job, (learn, *_) in sets.items():
        vary, frame = (data.vary_relate, data.relate_pair) if job == "relate" else (data.vary_verify, data.verify_item)
        made = [vary(rng, row, learn) for row in learn] + [frame(rng) for _ in range(1200 if job == "relate" else 600)]
        rows += [(job, a, b, CLASSES[job].index(label)) for a, b, label in made]
    rng.shuffle(rows)
    rows, out = [(job, pairs.ids(a, b), label) for job, a, b, label in rows], []
    for start in range(0, len(rows), 2048):
        chunk, first = sorted(rows[start : start + 2048], key=lambda row: (row[0], len(row[1]))), 0
        while first < len(chunk):
            end = first
            while end < len(chunk) and chunk[end][0] == chunk[first][0] and end - first < 32 and (end + 1 - first) * len(chunk[end][1]) <= 3072:
                end += 1
            out.append(chunk[first:end])
            first = end
    rng.shuffle(out)
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("base")
    p.add_argument("out", help="file of the weights")
    p.add_argument("--hand", required=True)
    p.add_argument("--test", required=True, help="pairs that nothing may learn from")
    p.add_argument("--cmqcic")
    p.add_argument("--minutes", type=float, default=80)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--rate", type=float, default=1e-4)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--resume")
    o = p.parse_args()
    torch.manual_seed(o.seed), torch.set_num_threads(o.threads)
    rng, sets = random.Random(o.seed), load(o)
    facts, held_facts = data.cmqcic(o.cmqcic) if o.cmqcic else ([], [])
    pairs, net = Pairs(Tokens(o.base)), Joint(o.base)
    if o.resume:
        net.load_state_dict(torch.load(o.resume))
    net.encoder.words.requires_grad_(False)
    learnt = [(name, p) for name, p in net.named_parameters() if p.requires_grad]
    groups = [{"params": [p for _, p in learnt if p.ndim > 1], "weight_decay": 0.02}, {"params": [p for _, p in learnt if p.ndim < 2], "weight_decay": 0}]
    optimiser = torch.optim.AdamW(groups, o.rate, betas=(0.9, 0.98), fused=True)
    begin, step, sums, done = time.time(), 0, {}, 0.0
    while done < 1:
        for rows in epoch(rng, sets, facts, pairs):
            done = (time.time() - begin) / 60 / o.minutes
            if done >= 1:
                break
            for group in optimiser.param_groups:
                group["lr"] = o.rate * min(1, (step + 1) / 100) * max(0.03, 1 - done)
            net.train()
            job = rows[0][0]
            with torch.autocast("cpu", torch.bfloat16):
                out = net(job, *batch([row[1] for row in rows]))
            loss = pair_loss(out, [row[2] for row in rows])
            loss.backward()
            nn.utils.clip_grad_norm_([p for _, p in learnt], 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            sums[job], step = 0.98 * sums.get(job, loss.item()) + 0.02 * loss.item(), step + 1
            if step % 100 == 0:
                print(f"{time.time() - begin:.0f} s, step {step}: " + ", ".join(f"{job} {value:.3f}" for job, value in sums.items()), flush=True)
    torch.save(net.state_dict(), o.out)
    for job, (_, held, test) in sets.items():
        logits = predict(net, pairs, job, held)
        labels = torch.tensor([row[2] for row in held])
        temperature = fit_temperature(logits, labels)
        threshold = threshold_for((logits / temperature).softmax(-1)[:, 1], labels == 1, 0.92)
        print(f"{job}: temperature {temperature:.2f}, {CLASSES[job][1]} believed from {threshold}")
        report("held out", job, logits, held, temperature)
        report("test", job, predict(net, pairs, job, test), test, temperature)
    if held_facts:
        said = predict(net, pairs, "verify", [(a, b) for a, b, *_ in held_facts]).softmax(-1)[:, 0] > 0.5
        print(f"facts: {(said == torch.tensor([fact[3] for fact in held_facts])).float().mean():.3f} of {len(held_facts)} as the set has them")


if __name__ == "__main__":
    main()
