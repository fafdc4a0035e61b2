"""The server as people use it, and what it does when something goes wrong around it."""
import json
import os
import resource
import shutil
import signal
import subprocess
import time
import unittest

from program import HEDDLE, ROOT, ProgramTest
from server import Server, first_picture, picture


class ServerTest(ProgramTest):
    def server(self, *flags, **options):
        server = Server(self.folder / "data", *flags, **options)
        self.addCleanup(server.__exit__)
        server.start()
        return server

    @property
    def output(self):
        return self.folder / "data/output"


class Use(ServerTest):
    def test_one_request_gives_a_picture(self):
        server = self.server()
        answer = server.post("/v1/jobs?wait=120", {"graph": first_picture()}, headers={"Accept": "image/png"})
        self.assertEqual(answer.status, 200, answer.body[:500])
        self.assertEqual(answer.headers["Content-Type"], "image/png")
        self.assertEqual(answer.body[:4], b"\x89PNG")

    def test_the_command_line_gives_the_same_picture(self):
        server = self.server()
        served = server.post("/v1/jobs?wait=120", {"graph": first_picture(), "metadata": False},
                             headers={"Accept": "image/png"}).body
        file, = self.run_graph(self.graph(first_picture()), "--no-metadata")
        self.assertEqual(served, file.read_bytes())

    def test_a_result_outlives_the_server(self):
        server = self.server()
        id = server.post("/prompt", {"prompt": first_picture(seed=5)}).json["prompt_id"]
        self.assertEqual(server.wait(id)["state"], "succeeded")
        self.assertEqual(server.terminate(), 0)
        server.start()
        self.assertIn(id, server.get("/history").json)
        again = server.post("/prompt", {"prompt": first_picture(seed=5)}).json["prompt_id"]
        self.assertEqual(server.wait(again)["steps_run"], 0)
        other = first_picture(seed=5, prefix="other")
        id = server.post("/prompt", {"prompt": other}).json["prompt_id"]
        self.assertEqual(server.wait(id)["steps_run"], 1)  # saving; the picture came from disk
        self.assertEqual(len(list(self.output.iterdir())), 2)

    def test_a_second_server_on_the_same_data_is_refused(self):
        self.server()
        result = self.run_program("serve", "--port", "0", code=None)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("data", result.stderr)

    def test_other_addresses_need_a_token(self):
        result = self.run_program("serve", "--port", "0", "--listen", "0.0.0.0", code=2)
        self.assertIn("--token-file", result.stderr)

    def test_a_port_that_is_taken_is_said_so(self):
        server = self.server()
        result = subprocess.run(self.command("serve", "--port", server.port, data=self.folder / "other"), capture_output=True,
                                text=True, env=self.environment(), cwd=self.folder, timeout=60)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(str(server.port), result.stderr)


class Stopping(ServerTest):
    def test_sigterm_puts_the_running_job_back(self):
        server = self.server()
        id = server.post("/prompt", {"prompt": first_picture(steps=2000)}).json["prompt_id"]
        server.wait(id, ("running",))
        self.assertEqual(server.terminate(), 0)
        server.start()
        self.assertEqual(server.wait(id, ("running",))["state"], "running")
        server.request("DELETE", f"/v1/jobs/{id}")
        self.assertEqual(server.job(id)["state"], "cancelled")

    def test_cancelling_a_running_job_is_quick_and_exact(self):
        server = self.server()
        long = server.post("/prompt", {"prompt": first_picture(steps=2000)}).json["prompt_id"]
        next = server.post("/prompt", {"prompt": picture(7)}).json["prompt_id"]
        server.wait(long, ("running",))
        answer = server.request("DELETE", f"/v1/jobs/{long}")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(server.job(long)["state"], "cancelled")
        self.assertEqual(server.wait(next)["state"], "succeeded")


class Faults(ServerTest):
    def test_the_output_folder_is_removed_while_it_runs(self):
        server = self.server()
        server.wait(server.post("/prompt", {"prompt": picture(1)}).json["prompt_id"])
        shutil.rmtree(self.output)
        id = server.post("/prompt", {"prompt": picture(1)}).json["prompt_id"]
        self.assertEqual(server.wait(id)["state"], "succeeded")
        self.assertEqual(len(list(self.output.iterdir())), 1)

    def test_the_cache_folder_is_removed_while_it_runs(self):
        server = self.server()
        server.wait(server.post("/prompt", {"prompt": first_picture()}).json["prompt_id"])
        shutil.rmtree(self.folder / "data/cache")
        for prefix in ("a", "b"):
            id = server.post("/prompt", {"prompt": first_picture(seed=2, prefix=prefix)}).json["prompt_id"]
            self.assertEqual(server.wait(id)["state"], "succeeded")

    def test_a_file_that_cannot_be_written_fails_the_job_in_words_and_nothing_else(self):
        # Larger than the limit is the picture, not the database.
        limit = 2 << 20
        server = self.server(preexec=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                                              resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
        noisy = {"1": {"class_type": "LoadImage", "inputs": {"image": "noise.png"}},
                 "2": {"class_type": "ImageScale", "inputs": {"image": ["1", 0], "upscale_method": "nearest-exact",
                                                              "width": 4096, "height": 4096, "crop": "disabled"}},
                 "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "large"}}}
        (self.folder / "data/input").mkdir(exist_ok=True)
        (self.folder / "data/input/noise.png").write_bytes(noise_png(1024))
        id = server.post("/prompt", {"prompt": noisy}).json["prompt_id"]
        job = server.wait(id)
        self.assertEqual(job["state"], "failed")
        self.assertIn("File too large", job["error"]["message"])
        self.assertEqual(list(self.output.iterdir()), [])  # nothing half written
        id = server.post("/prompt", {"prompt": picture(3)}).json["prompt_id"]
        self.assertEqual(server.wait(id)["state"], "succeeded")

    def test_a_database_that_cannot_grow_refuses_in_words_and_loses_nothing(self):
        limit = 400 << 10
        server = self.server(preexec=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                                              resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
        accepted, refused = [], None
        for number in range(400):
            answer = server.post("/prompt", {"prompt": picture(number % 3), "extra_data": {"filler": "x" * 4000}})
            if answer.status != 200:
                refused = answer
                break
            accepted.append(answer.json["prompt_id"])
        self.assertIsNotNone(refused, "the database never grew past the limit")
        self.assertEqual(refused.status, 503)
        self.assertTrue(refused.json["error"]["details"])
        server.kill()
        server.preexec = None
        server.start()
        for id in accepted:
            self.assertEqual(server.wait(id)["state"], "succeeded")

    def test_a_damaged_database_is_kept_and_said_so(self):
        server = self.server()
        server.wait(server.post("/prompt", {"prompt": picture(1)}).json["prompt_id"])
        self.assertEqual(server.terminate(), 0)
        database = self.folder / "data/heddle.db"
        for extra in ("-wal", "-shm"):
            database.with_name(database.name + extra).unlink(missing_ok=True)
        database.write_bytes(b"this is no database" * 1000)
        server.start()
        self.assertEqual(server.get("/history").json, {})
        kept = [p for p in database.parent.iterdir() if ".damaged-" in p.name]
        self.assertTrue(kept)
        self.assertIn("damaged", (self.folder / "data/server.log").read_text())

    def test_a_client_that_goes_in_mid_upload_leaves_no_trace(self):
        import socket
        server = self.server()
        before = sorted((self.folder / "data/input").iterdir())
        with socket.create_connection((server.host, server.port)) as connection:
            connection.sendall(b"POST /upload/image HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
                               b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\nContent-Disposition: form-data; "
                               b'name="image"; filename="half.png"\r\n\r\nabc')
        self.assertEqual(server.get("/prompt").status, 200)
        self.assertEqual(sorted((self.folder / "data/input").iterdir()), before)

    def test_the_webhook_receiver_is_down_for_a_while(self):
        import http.server
        import threading
        received = []

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                received.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        probe = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
        port = probe.server_port
        probe.server_close()  # nobody listens there now
        server = self.server("--webhook-host", f"127.0.0.1:{port}")
        answer = server.post("/v1/jobs", {"graph": picture(5), "webhook": {"url": f"http://127.0.0.1:{port}/hook", "secret": "s"}})
        self.assertEqual(answer.status, 201, answer.body)
        server.wait(answer.json["id"])
        time.sleep(1.5)
        receiver = http.server.HTTPServer(("127.0.0.1", port), Receiver)
        self.addCleanup(receiver.server_close)
        thread = threading.Thread(target=receiver.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(receiver.shutdown)
        end = time.monotonic() + 60
        while not received and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(2)
        self.assertEqual(len(received), 1)
        headers, body = received[0]
        self.assertIn("Heddle-Signature", headers)
        self.assertEqual(json.loads(body)["state"], "succeeded")


def noise_png(side):
    import random
    import struct
    import zlib
    numbers = random.Random(1)
    rows = b"".join(b"\0" + numbers.randbytes(3 * side) for _ in range(side))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


if __name__ == "__main__":
    unittest.main()
