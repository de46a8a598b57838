"""Writes what the product reads: `export.py RUN OUT --hand DIR`: encoder/, relate.safetensors, relate-reference.json."""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

import data
from evaluate import fitted, load, scores


def tensors(head):
    named = {}
    for name, tensor in head.state_dict().items():
        parts = name.split(".")
        if parts[0] in ("hidden", "output"):
            parts = [parts[1], parts[0], parts[2]]  # relate.hidden.weight
        if parts[0] != "replaced":
            named[".".join(parts)] = tensor.float().reshape(-1).clone() if tensor.dim() == 0 else tensor.float().contiguous()
    return named


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run")
    p.add_argument("out")
    p.add_argument("--hand", required=True)
    o = p.parse_args()
    torch.set_num_threads(1)
    encoder, head, tokens = load(o.run)
    out = Path(o.out)
    out.mkdir(parents=True, exist_ok=True)
    shutil.copytree(f"{o.run}/encoder", out / "encoder", dirs_exist_ok=True)
    relate, verify = (data.split(data.lines(f"{o.hand}/{name}.jsonl"), keys)[1] for name, keys in (("relate", ["a", "b"]), ("verify", ["statement"])))
    settings = fitted(encoder, head, tokens, relate, verify)
    settings |= {"relate.labels": data.RELATE, "verify.labels": data.VERIFY}
    save_file(tensors(head), out / "relate.safetensors", {key: json.dumps(value, ensure_ascii=False) for key, value in settings.items()})
    (out / "relate.json").write_text(json.dumps(settings, ensure_ascii=False, indent=1) + "\n")
    cases = [("relate", row["a"], row["b"], row["label"]) for row in relate[:12]] + [("verify", row["statement"], row["passage"], row["label"]) for row in verify[:8]]
    reference = []
    for task, first, second, label in cases:
        logits = scores(encoder, head, tokens, task, [(first, second)])[0][0]
        chance = (logits / settings[f"{task}.temperature"]).softmax(-1)
        reference.append({"task": task, "first": first, "second": second, "label": label, "logits": logits.tolist(), "probabilities": chance.tolist()})
    (out / "relate-reference.json").write_text(json.dumps(reference, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
