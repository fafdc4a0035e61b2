"""Many clients at once: every job finishes, ids are unique, and memory is as large at the end as after the first thousand."""
import threading
import unittest

from program import LONG, ProgramTest
from server import Server, picture

CLIENTS = 50
JOBS = 10_000 if LONG else 1_000
MEASURED_AFTER = JOBS // 10
GROWTH = 1.1  # the allocator's own, and what counts up with the history: nothing a job leaves behind


def resident_bytes(server):
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


class Load(ProgramTest):
    def test_all_jobs_of_many_clients_finish_in_flat_memory(self):
        # A cache that the first thousand fill: it is bounded, and not what is looked for here.
        flags = ("--max-queue", "20000", "--cache-memory", "16M", "--durability", "process")
        with Server(self.folder / "data", *flags) as server:
            ids, lock, memory, failures = [], threading.Lock(), [], []

            def client(number):
                try:
                    for k in range(number, JOBS, CLIENTS):
                        # 64x64 pixels in 10,000 colours: every job makes a picture of its own.
                        answer = server.post("/v1/jobs", {"graph": picture(color=k, prefix=f"load/{k % 100}/p")})
                        self.assertEqual(answer.status, 201, answer.body)
                        job = server.wait(answer.json["id"])
                        self.assertEqual(job["state"], "succeeded", job)
                        with lock:
                            ids.append(job["id"])
                            if len(ids) == MEASURED_AFTER:
                                memory.append(resident_bytes(server))
                except Exception as error:  # a thread's failure is the test's
                    failures.append(error)

            clients = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
            for thread in clients:
                thread.start()
            for thread in clients:
                thread.join()
            self.assertEqual(failures, [])
            memory.append(resident_bytes(server))
            self.assertEqual(len(set(ids)), JOBS)
            counted = {id for page in self.pages(server) for id in page}
            self.assertEqual(counted, set(ids))
            if LONG:  # a thousand jobs do not fill the cache
                self.assertLess(memory[1], memory[0] * GROWTH)

    def pages(self, server):
        path = "/v1/jobs?state=succeeded&limit=500"
        while path:
            page = server.get(path).json
            yield [job["id"] for job in page["jobs"]]
            path = page.get("next")


if __name__ == "__main__":
    unittest.main()
