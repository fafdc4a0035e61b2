"""SIGKILL at random instants under load: no acknowledged job is lost or run to two outputs, nothing else leaves a trace."""
import collections
import hashlib
import random
import threading
import time
import unittest

from program import LONG, ProgramTest
from server import Server, picture

KILLS = 100 if LONG else 5
CLIENTS = 4


class Crash(ProgramTest):
    def test_killed_at_any_instant_nothing_is_lost_or_doubled(self):
        random.seed(20)
        server = Server(self.folder / "data", "--max-queue", "100000")
        self.addCleanup(server.__exit__)
        acknowledged, sent = {}, {}  # id -> colour
        lock, colours = threading.Lock(), iter(range(1, 1 << 24))
        for kill in range(KILLS):
            server.start()
            running = threading.Event()
            running.set()

            def load():
                while running.is_set():
                    with lock:
                        colour = next(colours)
                        id = f"job-{colour}"
                        sent[id] = colour
                    try:
                        answer = server.post("/prompt", {"prompt": picture(colour), "prompt_id": id}, timeout=10)
                    except Exception:
                        continue  # the server is gone
                    if answer.status == 200:
                        with lock:
                            acknowledged[id] = colour

            clients = [threading.Thread(target=load) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            # Long enough for jobs to be accepted, run and saved; the instant itself is anywhere.
            time.sleep(random.uniform(0.02, 0.9))
            server.kill()
            running.clear()
            for client in clients:
                client.join()
        server.start()
        self.check(server, acknowledged, sent)

    def check(self, server, acknowledged, sent):
        self.assertGreater(len(acknowledged), KILLS)
        jobs = {id: server.wait(id) for id in acknowledged}
        self.assertEqual({job["state"] for job in jobs.values()}, {"succeeded"})
        history = server.get("/history?max_items=10001").json
        while server.get("/prompt").json["exec_info"]["queue_remaining"]:
            time.sleep(0.1)  # jobs whose answer the kill swallowed: they may be there, whole, or not at all
        files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (server.data / "output").iterdir()}
        self.assertEqual([name for name in files if not name.endswith(".png")], [])
        doubled = {h: n for h, n in collections.Counter(files.values()).items() if n > 1}
        self.assertEqual(doubled, {}, f"{len(acknowledged)} acknowledged jobs")
        for id, job in jobs.items():
            output, = job["outputs"]
            self.assertEqual(files[output["filename"]], output["sha256"], id)
            if len(acknowledged) < 10_000:
                self.assertIn(id, history)
        known = [id for id in sent if server.get(f"/v1/jobs/{id}").status == 200]
        self.assertEqual(len(files), len(known), "a file for each job, and no other")


if __name__ == "__main__":
    unittest.main()
