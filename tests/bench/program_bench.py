"""Times the program as a user meets it: program_bench.py HEDDLE. Prints a table; standard library only.

Each command runs several times as a fresh process; the median counts. With --full also loads a checkpoint of the real size
of Stable Diffusion 1.5 (2.1 GB, made by tests/support), given by its path.
"""
import os
import statistics
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
    """Loading Stable Diffusion 1.5: the networks, read by one step of one tiny picture."""
    models = Path(folder) / "models/checkpoints"
    models.mkdir(parents=True)
    (models / "full.safetensors").symlink_to(checkpoint.resolve())
    command = [heddle, "run", str(ROOT / "graphs/txt2img.pipeline.json"), "--models", f"{folder}/models", "--checkpoint",
               "full.safetensors", "--steps", "1", "--width", "64", "--height", "64", "--no-cache", "--quiet", "--data",
               f"{folder}/data", "--out", f"{folder}/out"]
    measure("SD 1.5 (2.1 GB f16): first time, with the file's hash", command, environment, runs=1)
    measure("SD 1.5: load, encode, one step and decode at 64x64", command, environment, runs=3)


if __name__ == "__main__":
    main()
