"""What a server does in a second: server_bench.py HEDDLE SERVER_BENCH. Prints a table; the last column is ComfyUI 0.3.64."""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
HEDDLE, BENCH = sys.argv[1:3]
os.environ["HEDDLE"] = HEDDLE
from server import Server, first_picture, picture  # noqa: E402

GRAPH = ROOT / "graphs/first_picture.json"


def bench(server, *words):
    result = subprocess.run([BENCH, server.host, str(server.port), *map(str, words)], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def fsyncs_per_second(folder):
    with open(folder / "fsync", "wb", buffering=0) as file:
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < 1:
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            count += 1
    return count


def row(what, figure, comfyui=""):
    print(f"| {what} | {figure} | {comfyui} |", flush=True)


def rates(data, durability, clients):
    with Server(data, "--event-grace", "0", "--durability", durability, "--max-queue", "1000000") as server:
        server.post("/v1/jobs?wait=120", {"graph": json.loads(GRAPH.read_text())})
        got = bench(server, "accept", clients, 6400, GRAPH)
        what = f"{clients} client{'s' if clients > 1 else ''}, durability {durability}"
        row(f"prompts accepted a second, {what}", f"{got['per_second']:.0f}", "620")
        row(f"cached prompts finished a second, {what}", f"{got['finished_per_second']:.0f}", "580")
        return server


def ready(data):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        with Server(data) as server:
            times.append(time.perf_counter() - start)
            assert server.get("/readyz").status == 200
    row("ready after start (5 starts, the quickest and the slowest)", f"{min(times):.2f}-{max(times):.2f} s", "6.5-8.5 s")


def rerun(data):
    with Server(data, "--event-grace", "0", "--durability", "process") as server:
        server.post("/v1/jobs?wait=120", {"graph": json.loads(GRAPH.read_text())})
        got = bench(server, "wait", 1, 1000, GRAPH)
        row("cached re-run, asked for and answered (median, 99 %)", f"{got['ms_median']:.2f} ms, {got['ms_p99']:.2f} ms", "1.9 ms")


def history(data):
    with Server(data, "--event-grace", "0", "--durability", "process", "--max-queue", "1000000") as server:
        id = server.post("/v1/jobs?wait=120", {"graph": picture(1)}).json["id"]
        few = bench(server, "get", id, 3000)
        simple = data / "simple.json"
        simple.write_text(json.dumps(picture(1)))
        bench(server, "accept", 8, 100_000, simple)
        many = bench(server, "get", id, 3000)
        row("GET /v1/jobs/{id} with 1 finished job (median)", f"{few['ms_median']:.3f} ms")
        row("the same with 100,000", f"{many['ms_median']:.3f} ms")


def watched(data):
    with Server(data) as server:
        def seconds(seed):
            job = server.post("/v1/jobs?wait=300", {"graph": first_picture(seed=seed, steps=150)}).json
            return job["seconds_running"]

        seconds(1)
        alone, seen = [], []
        for seed in (2, 4, 6):
            alone.append(seconds(seed))
            watcher = subprocess.Popen([BENCH, server.host, str(server.port), "watch", "200", "600"], stderr=subprocess.PIPE)
            watcher.stderr.readline()
            seen.append(seconds(seed + 1))
            watcher.kill()
            watcher.wait()
        row("150 steps of the pocket model, nobody watching (3 runs)", ", ".join(f"{s:.2f} s" for s in alone))
        row("the same with 200 WebSockets, on the same two cores", ", ".join(f"{s:.2f} s" for s in seen))


def main():
    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as folder:
        folder = Path(folder)
        print("| server | heddle | ComfyUI |\n| --- | --- | --- |")
        row("this disk's fdatasync, 4 KiB, a second", fsyncs_per_second(folder))
        ready(folder / "ready")
        rates(folder / "a", "full", 64)
        rates(folder / "b", "process", 1)
        rates(folder / "c", "full", 1)
        rerun(folder / "d")
        history(folder / "e")
        watched(folder / "f")


main()
