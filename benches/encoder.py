#!/usr/bin/env python3
"""The encoder side by side on one core: ours, candle f32, onnxruntime int8 (dynamic, per channel), in tokens a second and as ratios.

    python3 benches/encoder.py [--model models] [--rounds 3]

Builds benches/side-by-side, makes a Python environment under target/ for onnx and onnxruntime, and runs the three one after the other, several
rounds in the same minutes. Processor time is counted, not the clock on the wall; on a shared machine still only the ratios mean something.
"""
import argparse, json, os, re, statistics, subprocess, sys, venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "target" / "encoder-bench"
SHAPES = [(1, 128), (1, 512), (16, 128)]
ONE_CORE = {**os.environ, "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "CARGO_TARGET_DIR": str(TARGET / "rust")}


def python():
    """A Python with onnx, onnxruntime and numpy."""
    home = TARGET / "venv"
    program = home / "bin" / "python"
    if not program.exists():
        venv.create(home, with_pip=True)
        subprocess.run([program, "-m", "pip", "install", "-q", "onnx", "onnxruntime", "numpy"], check=True)
    return program


def ours_and_candle(model):
    run = subprocess.run(
        ["cargo", "run", "-q", "--release", "--manifest-path", str(ROOT / "benches/side-by-side/Cargo.toml"), "--", str(model)],
        check=True, capture_output=True, text=True, env=ONE_CORE)
    for line in run.stdout.splitlines():
        if line.startswith("#"):
            print(line)
    found = re.findall(r"^(\d+)x(\d+) ours (\d+) candle (\d+)$", run.stdout, re.M)
    return {(int(b), int(n)): (float(own), float(candle)) for b, n, own, candle in found}


# What runs inside the environment: builds the graph of the same shape with random weights (speed does not depend on them), quantises and times it.
ONNX = r'''
import json, sys, time, numpy as np, onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh
config, out, shapes = json.load(open(sys.argv[1])), sys.argv[2], json.loads(sys.argv[3])
L, W, H, F = config["num_hidden_layers"], config["hidden_size"], config["num_attention_heads"], config["intermediate_size"]
random = np.random.default_rng(0)
nodes, weights = [], []
def const(name, value): weights.append(nh.from_array(np.asarray(value), name)); return name
def weight(name, *shape): return const(name, (random.standard_normal(shape) * 0.04).astype(np.float32))
def op(kind, inputs, name, **more): nodes.append(h.make_node(kind, inputs, [name], name=name, **more)); return name
def dense(x, name, rows, columns): return op("Add", [op("MatMul", [x, weight(name + ".w", columns, rows)], name + ".mm"), weight(name + ".b", rows)], name)
def norm(x, name): return op("LayerNormalization", [x, const(name + ".g", np.ones(W, np.float32)), const(name + ".s", np.zeros(W, np.float32))], name, axis=-1, epsilon=1e-12)
heads, flat = const("heads", np.array([0, 0, H, W // H], np.int64)), const("flat", np.array([0, 0, W], np.int64))
scale, half, one, root = (const(n, np.float32(v)) for n, v in [("scale", (W // H) ** -0.5), ("half", 0.5), ("one", 1.0), ("root", 2 ** 0.5)])
x = norm(op("Gather", [weight("words", config["vocab_size"], W), "ids"], "embedded"), "norm0")
for l in range(L):
    part = lambda p, order: op("Transpose", [op("Reshape", [dense(x, f"{l}.{p}", W, W), heads], f"{l}.{p}.r")], f"{l}.{p}.t", perm=order)
    q, k, v = part("q", [0, 2, 1, 3]), part("k", [0, 2, 3, 1]), part("v", [0, 2, 1, 3])
    scores = op("Softmax", [op("Mul", [op("MatMul", [q, k], f"{l}.qk"), scale], f"{l}.scaled")], f"{l}.soft", axis=-1)
    mixed = op("Reshape", [op("Transpose", [op("MatMul", [scores, v], f"{l}.pv")], f"{l}.back", perm=[0, 2, 1, 3]), flat], f"{l}.mixed")
    x = norm(op("Add", [dense(mixed, f"{l}.o", W, W), x], f"{l}.add1"), f"{l}.norm1")
    up = dense(x, f"{l}.up", F, W)
    erf = op("Add", [op("Erf", [op("Div", [up, root], f"{l}.div")], f"{l}.erf"), one], f"{l}.plus")
    gelu = op("Mul", [op("Mul", [up, erf], f"{l}.times"), half], f"{l}.gelu")
    x = norm(op("Add", [dense(gelu, f"{l}.down", W, F), x], f"{l}.add2"), f"{l}.norm2")
graph = h.make_graph(nodes, "bert", [h.make_tensor_value_info("ids", T.INT64, ["b", "n"])], [h.make_tensor_value_info(x, T.FLOAT, ["b", "n", W])], weights)
model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)]); model.ir_version = 8
onnx.save(model, out + ".onnx")
from onnxruntime.quantization import quantize_dynamic, QuantType
quantize_dynamic(out + ".onnx", out + "-int8.onnx", per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"])
import onnxruntime as ort
print("# onnxruntime", ort.__version__)
options = ort.SessionOptions(); options.intra_op_num_threads = options.inter_op_num_threads = 1
for kind, path in [("int8", out + "-int8.onnx"), ("f32", out + ".onnx")]:
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    for b, n in shapes:
        ids = (np.arange(b * n) * 7919 % 13000).reshape(b, n).astype(np.int64)
        session.run(None, {"ids": ids}); runs, start, before = 0, time.time(), time.process_time()
        while runs < 5 or time.time() - start < 3: session.run(None, {"ids": ids}); runs += 1
        print(kind, b, n, b * n * runs / (time.process_time() - before))
'''


def onnxruntime(model):
    run = subprocess.run([python(), "-c", ONNX, str(model / "config.json"), str(TARGET / "bert"), json.dumps(SHAPES)],
                         check=True, capture_output=True, text=True, env=ONE_CORE)
    print(*[line for line in run.stdout.splitlines() if line.startswith("#")], sep="\n")
    found = re.findall(r"^(int8|f32) (\d+) (\d+) ([\d.]+)$", run.stdout, re.M)
    return {(kind, int(b), int(n)): float(speed) for kind, b, n, speed in found}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--model", type=Path, default=ROOT / "models")
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    speeds = {shape: {"ours": [], "candle f32": [], "onnxruntime int8": [], "onnxruntime f32": []} for shape in SHAPES}
    for _ in range(chosen.rounds):
        own, ort = ours_and_candle(chosen.model), onnxruntime(chosen.model)
        for (b, n), found in speeds.items():
            found["ours"].append(own[b, n][0])
            found["candle f32"].append(own[b, n][1])
            found["onnxruntime int8"].append(ort["int8", b, n])
            found["onnxruntime f32"].append(ort["f32", b, n])
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for (b, n), found in speeds.items():
        middle = {name: statistics.median(values) for name, values in found.items()}
        line = ", ".join(f"{name} {value:.0f} (ours {middle['ours'] / value:.2f} x)" for name, value in middle.items())
        print(f"{b} x {n} tokens/s: {line}")


if __name__ == "__main__":
    sys.exit(main())
