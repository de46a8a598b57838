"""Trains encoder and head together: `train.py BASE OUT --hand DIR [--cmqcic DIR] [--typos DIR] [--minutes N]`. README.md tells more."""

import argparse
import random
import shutil
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import data
from encoder import Encoder, Tokens, pooled, states
from evaluate import measure
from head import Head, logits


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("base")
    p.add_argument("out")
    p.add_argument("--hand", required=True, help="folder of relate.jsonl and verify.jsonl")
    p.add_argument("--cmqcic")
    p.add_argument("--typos", help="MCSCSet: med_confusionset.tsv and valid.tsv")
    p.add_argument("--minutes", type=float, default=10)
    p.add_argument("--steps", type=int, help="in place of --minutes: does not depend on the machine's speed")
    p.add_argument("--rate", type=float, default=4e-5, help="learning rate of the encoder; the head's is 15 times that")
    p.add_argument("--keep", type=float, default=1.0, help="weight of the loss that keeps pooled vectors near the base's")
    p.add_argument("--frozen", type=int, default=2)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--resume", help="folder with encoder and head to begin from (the base still says where pooled vectors belong)")
    p.add_argument("--all", action="store_true", help="learn from the held-out share of the hand-written pairs too")
    return p.parse_args()


def warm_up(source, encoder, head, tokens, steps=300):
    """The head alone, on states that are computed once: an encoder should not be taught by a head that knows nothing."""
    with torch.no_grad():
        made = {"relate": source.pairs("relate", 500, 0.6), "verify": source.pairs("verify", 300, 0.7)}
        texts = list({text: None for rows in made.values() for row in rows for text in row[:2]})
        with torch.autocast("cpu", torch.bfloat16):
            read = dict(zip(texts, states(encoder, tokens, texts)))
    optimiser = torch.optim.AdamW(head.parameters(), 1e-3, weight_decay=0.01)
    for step in range(steps):
        task = ("relate", "verify")[step % 2]
        rows = source.rng.sample(made[task], 32 if task == "relate" else 16)
        loss = pair_loss(logits(head, task, [read[row[0]] for row in rows], [read[row[1]] for row in rows]), [row[2] for row in rows])
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        if step % 50 > 47:
            print(f"warming up, step {step}, {task}: {loss.item():.3f}", flush=True)


class Source:
    """Draws batches; hand-written pairs come `part` of the time, templates the rest."""

    def __init__(self, rng, o):
        self.rng = rng
        self.relate, self.relate_dev = data.split(data.lines(f"{o.hand}/relate.jsonl"), ["a", "b"])
        self.verify, self.verify_dev = data.split(data.lines(f"{o.hand}/verify.jsonl"), ["statement"])
        if o.all:
            self.relate, self.verify = self.relate + self.relate_dev, self.verify + self.verify_dev
        self.facts, self.facts_dev = data.cmqcic(o.cmqcic) if o.cmqcic else ([], [])
        self.typos = data.mcscset(f"{o.typos}/valid.tsv") if o.typos else []
        self.confused = data.confusions(f"{o.typos}/med_confusionset.tsv") if o.typos else {}

    def pairs(self, task, size, hand):
        rng, rows = self.rng, []
        for _ in range(size):
            if task == "relate":
                a, b, label = data.vary_relate(rng, rng.choice(self.relate), self.relate) if rng.random() < hand else data.relate_pair(rng)
                rows.append((a, b, data.RELATE.index(label)))
            elif self.facts and rng.random() < 0.25:
                rows.append(rng.choice(self.facts)[:3])
            else:
                a, b, label = data.vary_verify(rng, rng.choice(self.verify), self.verify) if rng.random() < hand else data.verify_item(rng)
                rows.append((a, b, data.VERIFY.index(label)))
        return rows

    def marked(self, size):
        """Texts with the places of replaced characters."""
        rng = self.rng
        own = lambda: data.replace_characters(rng, rng.choice([*rng.choice(self.relate).items()][:2])[1], self.confused)
        return [own() if rng.random() < 0.6 else rng.choice(self.typos) for _ in range(size)]


def pair_loss(out, labels):
    """Cross-entropy; for NOT_TRUE, of everything but `true`."""
    log = F.log_softmax(out.float(), -1)
    labels = torch.tensor(labels)
    known = labels != data.NOT_TRUE
    plain = F.nll_loss(log, labels.clamp(max=2), reduction="none", ignore_index=-1)
    return torch.where(known, plain, -torch.logsumexp(log[:, 1:], -1)).mean()


def main():
    o = arguments()
    torch.manual_seed(o.seed)
    torch.set_num_threads(o.threads)
    rng = random.Random(o.seed)
    source, tokens, base = Source(rng, o), Tokens(o.base), Encoder(o.base).eval()
    encoder, head = Encoder(f"{o.resume}/encoder" if o.resume else o.base), Head()
    print(f"hand-written: relate {len(source.relate)}+{len(source.relate_dev)}, verify {len(source.verify)}+{len(source.verify_dev)}; facts {len(source.facts)}+{len(source.facts_dev)}")
    with torch.no_grad():
        sample = [text for pair in source.pairs("relate", 400, 0.5) for text in pair[:2]]
        seen = states(base, tokens, sample)
        centre = torch.stack([pooled(s[0]) for s in seen]).mean(0)
        spread = torch.stack([(pooled(s[0]) - centre).square().sum() for s in seen]).mean()
        if o.resume:
            head.load_state_dict(torch.load(f"{o.resume}/head.pt"))
        else:
            head.start_from(torch.cat([s[0][s[1]] for s in seen])[:12000])
    if not o.resume:
        warm_up(source, base, head, tokens)
    encoder.freeze(o.frozen)
    groups = [{"params": [p for p in encoder.parameters() if p.requires_grad], "lr": o.rate, "weight_decay": 0.01}, {"params": head.parameters(), "lr": o.rate * 15, "weight_decay": 0.001}]
    optimiser = torch.optim.AdamW(groups, fused=True)
    rates = [group["lr"] for group in groups]
    begin, step, sums = time.time(), 0, {}
    while (done := step / o.steps if o.steps else (time.time() - begin) / (60 * o.minutes)) < 1:
        for group, rate in zip(optimiser.param_groups, rates):
            group["lr"] = rate * min(1, (step + 1) / 40) * max(0.02, 1 - done)
        task = ("relate", "verify", "relate", "verify", "replaced")[step % (5 if source.typos else 4)]
        hand = 0.35 if done < 0.4 else 0.85
        encoder.train(), head.train()
        if task == "replaced":
            items = source.marked(48)
            with torch.autocast("cpu", torch.bfloat16):
                read = states(encoder, tokens, [text for text, _ in items])
            x = torch.cat([s[0] for s in read])
            y = torch.tensor([float(any(i in marks for i in range(*span))) for (_, marks), s in zip(items, read) for span in s[2]])
            x, y = x[(m := torch.cat([s[1] for s in read]))], y[m]
            loss = F.binary_cross_entropy_with_logits(head.replaced(x)[:, 0], y)
        else:
            rows = source.pairs(task, 24 if task == "relate" else 12, hand)
            texts = [row[0] for row in rows] + [row[1] for row in rows]
            with torch.autocast("cpu", torch.bfloat16):
                read = states(encoder, tokens, texts)
            loss = pair_loss(logits(head, task, read[: len(rows)], read[len(rows) :]), [row[2] for row in rows])
            if step % 4 < 2:
                some = rng.sample(range(len(texts)), 8)
                with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                    were = states(base, tokens, [texts[i] for i in some])
                away = torch.stack([(pooled(read[i][0]) - pooled(w[0])).square().sum() for i, w in zip(some, were)]).mean() / spread
                sums["away"] = 0.95 * sums.get("away", 0) + 0.05 * away.item()
                loss = loss + 2 * o.keep * away
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*encoder.parameters(), *head.parameters()], 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        sums[task] = 0.95 * sums.get(task, loss.item()) + 0.05 * loss.item()
        step += 1
        if step % 25 == 0:
            print(f"{time.time() - begin:5.0f} s, step {step}: " + ", ".join(f"{k} {v:.3f}" for k, v in sums.items()), flush=True)
    print(f"{step} steps in {time.time() - begin:.0f} s")
    encoder.eval(), head.eval()
    out = Path(o.out)
    (out / "encoder").mkdir(parents=True, exist_ok=True)
    encoder.save(out / "encoder/model.safetensors")
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(f"{o.base}/{name}", out / f"encoder/{name}")
    torch.save(head.state_dict(), out / "head.pt")
    measure(Encoder(out / "encoder").eval(), head, tokens, source.relate_dev, source.verify_dev, source.facts_dev)


if __name__ == "__main__":
    main()
