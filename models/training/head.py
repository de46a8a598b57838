"""The soft-alignment head: two texts, each encoded by itself, are compared token by token. README.md gives the formula."""

import torch
import torch.nn.functional as F
from torch import nn

WIDTH, KEY, PART, FEATURE, HIDDEN = 384, 64, 128, 128, 128


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.key = nn.Linear(WIDTH, KEY)
        self.sharpness = nn.Parameter(torch.tensor(12.0))
        self.part = nn.Linear(WIDTH, PART)
        self.feature = nn.Linear(4 * PART, FEATURE)
        self.hidden = nn.ModuleDict({task: nn.Linear(4 * FEATURE, HIDDEN) for task in ("relate", "verify")})
        self.output = nn.ModuleDict({task: nn.Linear(HIDDEN, 3) for task in ("relate", "verify")})
        self.replaced = nn.Linear(WIDTH, 1)
        self.drop = 0.1

    @torch.no_grad()
    def start_from(self, states):
        """Projections begin with the main directions of the base encoder's token states, so that alignment begins as likeness."""
        mean = states.mean(0)
        _, values, directions = torch.linalg.svd(states - mean, full_matrices=False)
        scale = (len(states) ** 0.5) / values
        for linear, count in ((self.key, KEY), (self.part, PART)):
            # Between plain and whitened: the first directions would drown the rest.
            linear.weight.copy_(directions[:count] * scale[:count, None].sqrt())
            linear.bias.copy_(-linear.weight @ mean)
            size = F.linear(states, linear.weight, linear.bias).std()
            linear.weight.div_(size)
            linear.bias.div_(size)

    def project(self, states):
        return F.normalize(self.key(states), dim=-1), self.part(states)

    def one_way(self, key_a, part_a, mask_a, key_b, part_b, mask_b):
        """Mean and maximum over a's tokens of what comparing each with its like in b shows; and where in b each looked."""
        scores = self.sharpness * key_a @ key_b.transpose(-1, -2)
        weights = scores.masked_fill(~mask_b[:, None, :], -1e9).softmax(-1)
        aligned = weights @ part_b
        features = F.relu(self.feature(torch.cat([part_a, aligned, (part_a - aligned).abs(), part_a * aligned], -1)))
        features = features * mask_a[..., None]  # never below zero, so the maximum may see the zeros of padding
        return torch.cat([features.sum(1) / mask_a.sum(1, keepdim=True), features.amax(1)], -1), weights

    def forward(self, task, a, mask_a, b, mask_b):
        """Logits of pairs: states (pairs, tokens, width) and masks of the tokens that stand for text."""
        (key_a, part_a), (key_b, part_b) = self.project(a), self.project(b)
        there, _ = self.one_way(key_a, part_a, mask_a, key_b, part_b, mask_b)
        back, _ = self.one_way(key_b, part_b, mask_b, key_a, part_a, mask_a)
        pooled = F.dropout(torch.cat([there, back], -1), self.drop, self.training)
        hidden = F.dropout(F.relu(self.hidden[task](pooled)), self.drop, self.training)
        return self.output[task](hidden)


def pad(items):
    """[(states, mask, …)] as two tensors; the tokens that don't stand for text are dropped."""
    items = [item[0][item[1]] for item in items]
    longest = max(max(len(item) for item in items), 1)
    mask = torch.zeros(len(items), longest, dtype=torch.bool)
    rows = [F.pad(item, (0, 0, 0, longest - len(item))) for item in items]
    states = torch.stack(rows)
    for row, item in enumerate(items):
        mask[row, : len(item)] = True
    return states, mask


def logits(head, task, firsts, seconds):
    return head(task, *pad(firsts), *pad(seconds))
