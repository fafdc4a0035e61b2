"""Times the program as a user meets it: program_bench.py HEDDLE [CHECKPOINT]. Prints a table; standard library only.

Each command runs several times as a fresh process; the median counts. CHECKPOINT, of real size, is
loaded too, with a LoRA that fits it.
"""
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(command, environment):
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def measure(name, command, environment, runs=7):
    results = [run(command, environment) for _ in range(runs)]
    seconds = statistics.median(r[0] for r in results)
    print(f"{name:<58} {seconds * 1000:9.0f} ms {max(r[1] for r in results):8.0f} MB")


def main():
    heddle = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, HEDDLE_MODELS=str(ROOT / "models"), XDG_CONFIG_HOME=folder)
        common = ["--data", f"{folder}/data", "--quiet"]
        graph = str(ROOT / "graphs/first_picture.json")
        out = ["--out", f"{folder}/out"]
        print(f"{'a fresh process (median)':<58} {'time':>12} {'peak':>11}")
        measure("heddle --version: the start of the process", [heddle, "--version"], environment)
        measure("heddle nodes", [heddle, "nodes", *common], environment)
        measure("heddle check", [heddle, "check", graph, *common], environment)
        run([heddle, "run", graph, *out, *common], environment)
        measure("heddle explain", [heddle, "explain", graph, *common], environment)
        measure("heddle run, unchanged (disk cache)", [heddle, "run", graph, *out, *common], environment)
        measure("heddle run, 128x128, 20 steps, pocket checkpoint", [heddle, "run", graph, *out, *common, "--no-cache"],
                environment)
        if len(sys.argv) > 2:
            full(heddle, Path(sys.argv[2]), environment, folder)


def full(heddle, checkpoint, environment, folder):
    """A checkpoint of real size, with networks of all its parts at work for one step of one tiny picture."""
    models = Path(folder) / "models"
    for kind in ("checkpoints", "loras"):
        (models / kind).mkdir(parents=True)
    (models / "checkpoints/full.safetensors").symlink_to(checkpoint.resolve())
    write_lora(checkpoint, models / "loras/rank16.safetensors", rank=16)
    graphs = {name: Path(folder) / f"{name}.json" for name in ("plain", "lora")}
    graphs["plain"].write_text(json.dumps(one_step(lora=False)))
    graphs["lora"].write_text(json.dumps(one_step(lora=True)))

    def command(graph, *options):
        return [heddle, "run", str(graphs[graph]), "--models", str(models), "--quiet", "--data", f"{folder}/data", "--out",
                f"{folder}/out", *options]

    def another(name, graph, *five):
        """What each picture after the first one takes."""
        once, _ = run(command(graph, "--cache-dir", tempfile.mkdtemp(dir=folder)), environment)
        all_five, peak = run(command(graph, "--cache-dir", tempfile.mkdtemp(dir=folder), *five), environment)
        print(f"{name:<58} {(all_five - once) / 4 * 1000:9.0f} ms {peak:8.0f} MB")

    measure("checkpoint: first time, with the file's hash", command("plain", "--no-cache"), environment, runs=1)
    measure("checkpoint: load, encode, one step and decode at 64x64", command("plain", "--no-cache"), environment, runs=3)
    measure("the same with a LoRA of rank 16", command("lora", "--no-cache"), environment, runs=3)
    another("another seed in the same process", "plain", "--seed", "1..5")
    another("another strength in the same process", "lora", "--set",
            "LoraLoaderModelOnly.strength_model=0.1,0.2,0.3,0.4,0.5")


def one_step(lora):
    model = ["lora", 0] if lora else ["file", 0]
    graph = {
        "file": ("CheckpointLoaderSimple", {"ckpt_name": "full.safetensors"}),
        "text": ("CLIPTextEncode", {"text": "a lighthouse", "clip": ["file", 1]}),
        "nothing": ("CLIPTextEncode", {"text": "", "clip": ["file", 1]}),
        "size": ("EmptyLatentImage", {"width": 64, "height": 64, "batch_size": 1}),
        "sampler": ("KSampler", {"model": model, "positive": ["text", 0], "negative": ["nothing", 0],
                                 "latent_image": ["size", 0], "seed": 1, "steps": 1, "cfg": 7.0, "sampler_name": "euler",
                                 "scheduler": "normal", "denoise": 1.0}),
        "decode": ("VAEDecode", {"samples": ["sampler", 0], "vae": ["file", 2]}),
        "save": ("SaveImage", {"images": ["decode", 0], "filename_prefix": "bench"}),
    }
    if lora:
        graph["lora"] = ("LoraLoaderModelOnly", {"model": ["file", 0], "lora_name": "rank16.safetensors",
                                                 "strength_model": 0.8})
    return {name: {"class_type": node, "inputs": inputs} for name, (node, inputs) in graph.items()}


def write_lora(checkpoint, path, rank):
    """A LoRA over every linear layer of the U-Net's attention, its values all 0.01: times do not depend on them."""
    with open(checkpoint, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    prefix, shapes = "model.diffusion_model.", {}
    for name, tensor in header.items():
        if name.startswith(prefix) and ".attn" in name and name.endswith(".weight") and len(tensor["shape"]) == 2:
            out, width = tensor["shape"]
            layer = "diffusion_model." + name[len(prefix):-len(".weight")]
            shapes[layer + ".lora_up.weight"] = [out, rank]
            shapes[layer + ".lora_down.weight"] = [rank, width]
    lora, size = {}, 0
    for name, (rows, columns) in shapes.items():
        lora[name] = {"dtype": "F16", "shape": [rows, columns], "data_offsets": [size, size + 2 * rows * columns]}
        size += 2 * rows * columns
    text = json.dumps(lora).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + struct.pack("<e", 0.01) * (size // 2))


if __name__ == "__main__":
    main()
