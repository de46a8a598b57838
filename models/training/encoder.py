"""The encoder (BERT, weights from safetensors) and its tokens, as `src/language` reads them: one text at a time, prefix `query: `, long texts in windows."""

import json

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

PREFIX = "query: "
OVERLAP = 128


class Tokens:
    def __init__(self, folder, most=512):
        self.tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.most, self.cache = most, {}

    def windows(self, text):
        """[(ids, own, spans)]: `own` are the places whose states this window gives, `spans` the characters of the text that every token
        stands for. The same windows as `Tokens::windows` in Rust (there in bytes)."""
        if text not in self.cache:
            self.cache[text] = self._windows(text)
        return self.cache[text]

    def _windows(self, text):
        encoding = self.tokenizer.encode(PREFIX + text)
        ids, spans = encoding.ids, [(max(start - len(PREFIX), 0), max(end - len(PREFIX), 0)) for start, end in encoding.offsets]
        if len(ids) <= self.most:
            return [(ids, range(len(ids)), spans)]
        head = 1
        while spans[head][0] == spans[head][1]:
            head += 1
        tail, room = len(ids) - 1, self.most - head - 1
        overlap, start, windows = min(OVERLAP, room // 4), head, []
        while True:
            end = min(start + room, tail)
            pick = [*range(head), *range(start, end), tail]
            first = 0 if start == head else head + overlap // 2
            last = head + (end - start) + 1 if end == tail else head + (end - start) - (overlap - overlap // 2)
            windows.append(([ids[i] for i in pick], range(first, last), [spans[i] for i in pick]))
            if end == tail:
                return windows
            start = end - overlap


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, inner = c["hidden_size"], c["intermediate_size"]
        self.heads = c["num_attention_heads"]
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.attention_norm, self.norm = (nn.LayerNorm(width, eps=c["layer_norm_eps"]) for _ in range(2))
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x, mask):
        split = lambda y: y.view(*y.shape[:2], self.heads, -1).transpose(1, 2)
        # Plainly: PyTorch's fused attention spends more time on short texts than all the rest.
        scores = split(self.query(x)) * (x.shape[-1] // self.heads) ** -0.5 @ split(self.key(x)).transpose(-1, -2)
        mixed = scores.masked_fill(~mask, -1e4).softmax(-1).to(scores.dtype) @ split(self.value(x))
        mixed = self.output(mixed.transpose(1, 2).reshape(x.shape))
        x = self.attention_norm(x + mixed)
        return self.norm(x + self.down(F.gelu(self.up(x))))


# Our short names -> those of the file.
NAMES = {"query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value", "output": "attention.output.dense",
         "attention_norm": "attention.output.LayerNorm", "up": "intermediate.dense", "down": "output.dense", "norm": "output.LayerNorm"}


class Encoder(nn.Module):
    def __init__(self, folder):
        super().__init__()
        c = self.config = json.load(open(f"{folder}/config.json"))
        self.words = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.positions = nn.Embedding(c["max_position_embeddings"], c["hidden_size"])
        self.kinds = nn.Embedding(c["type_vocab_size"], c["hidden_size"])
        self.norm = nn.LayerNorm(c["hidden_size"], eps=c["layer_norm_eps"])
        self.layers = nn.ModuleList(Layer(c) for _ in range(c["num_hidden_layers"]))
        file = load_file(f"{folder}/model.safetensors")
        self.load_state_dict({ours: file[theirs].float() for ours, theirs in self.names()})

    def names(self):
        top = {"words": "word_embeddings", "positions": "position_embeddings", "kinds": "token_type_embeddings", "norm": "LayerNorm"}
        for ours in self.state_dict():
            part, *rest = ours.split(".")
            if part == "layers":
                yield ours, f"encoder.layer.{rest[0]}.{NAMES[rest[1]]}.{rest[2]}"
            else:
                yield ours, f"embeddings.{top[part]}.{rest[0]}"

    def save(self, path):
        state = self.state_dict()
        save_file({theirs: state[ours].half().contiguous() for ours, theirs in self.names()}, path)

    def freeze(self, layers):
        """Leaves the embeddings and the first layers as they are."""
        for part in [self.words, self.positions, self.kinds, self.norm, *self.layers[:layers]]:
            part.requires_grad_(False)

    def forward(self, ids, mask):
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]] + self.kinds.weight[0])
        for layer in self.layers:
            x = layer(x, mask[:, None, None, :])
        return x


def states(encoder, tokens, texts, budget=4096):
    """For each text: (states of every token that it owns, mask of those which stand for characters of the text, spans). Equal texts are read once."""
    unique = list(dict.fromkeys(texts))
    jobs = [(text, *window) for text in unique for window in tokens.windows(text)]
    order = sorted(range(len(jobs)), key=lambda j: len(jobs[j][1]))
    parts, start = [None] * len(jobs), 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end + 1 - start) * len(jobs[order[end]][1]) <= budget:
            end += 1
        batch, start = order[start:end], end
        longest = len(jobs[batch[-1]][1])
        ids = torch.ones(len(batch), longest, dtype=torch.long)
        mask = torch.zeros(len(batch), longest, dtype=torch.bool)
        for row, j in enumerate(batch):
            ids[row, : len(jobs[j][1])] = torch.tensor(jobs[j][1])
            mask[row, : len(jobs[j][1])] = True
        out = encoder(ids, mask)
        for row, j in enumerate(batch):
            parts[j] = out[row]
    result = {text: ([], [], []) for text in unique}
    for (text, _, own, spans), part in zip(jobs, parts):
        mine = result[text]
        mine[0].append(part[own.start : own.stop])
        mine[1].extend(spans[i][0] < spans[i][1] for i in own)
        mine[2].extend(spans[i] for i in own)
    whole = {text: (torch.cat(s).float(), torch.tensor(m), spans) for text, (s, m, spans) in result.items()}
    return [whole[text] for text in texts]


def pooled(states):
    """Vector of a text: the mean over all its tokens, of length one."""
    return F.normalize(states.mean(0), dim=0)
