"""docs/api.md tells the truth: its examples run, one after the other, against a new server."""
import http.server
import json
import os
import re
import subprocess
import threading
import unittest
import urllib.request

from program import ROOT, ProgramTest, png_pixels

TEXT = (ROOT / "docs/api.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


class Receiver:
    """Takes webhooks."""

    def __init__(self):
        self.calls = []
        self.came = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.calls.append((dict(self.headers), body))
                self.send_response(204)
                self.end_headers()
                outer.came.set()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/done"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class ApiDocs(ProgramTest):
    def setUp(self):
        super().setUp()
        command = self.command("serve", "--port", "0", "--webhook-host", "localhost", "--webhook-host", "127.0.0.1")
        self.server = subprocess.Popen(command, env=self.environment(), cwd=self.folder, text=True,
                                       stdout=subprocess.PIPE)
        self.addCleanup(self.stop)
        for line in self.server.stdout:
            if found := re.search(r"heddle is ready at (\S+)", line):
                self.url = found[1]
                return
        self.fail("the server ended before it was ready")

    def stop(self):
        self.server.terminate()
        self.server.wait(60)
        self.server.stdout.close()

    def sh(self, script):
        result = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=900,
                                cwd=self.folder, env={**os.environ, "HEDDLE_URL": self.url})
        self.assertEqual(result.returncode, 0, f"{script}\n{result.stdout}\n{result.stderr}")
        return result.stdout

    def test_every_example_runs(self):
        examples = blocks("sh")
        self.assertGreater(len(examples), 15)
        for example in examples:
            self.sh(example)
        for name in ("castle.png", "house.png", "night.png"):
            png_pixels(self.folder / name)

    def test_every_route_is_in_the_description_of_the_interface(self):
        with urllib.request.urlopen(f"{self.url}/v1/openapi.json") as answer:
            known = json.load(answer)["paths"]
        patterns = [re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path) + "$") for path in known]
        for path in re.findall(r"\$HEDDLE_URL(/v1/[^\s\"?]*)", TEXT):
            path = re.sub(r"\$\(.*", "x", path)
            self.assertTrue(any(pattern.match(path) for pattern in patterns), path)

    def test_a_webhook_is_genuine(self):
        scope = {}
        exec(blocks("python")[0], scope)
        receiver = Receiver()
        self.addCleanup(receiver.close)
        body = {"pipeline": "txt2img", "inputs": {"steps": 1}, "webhook": {"url": receiver.url, "secret": "s"}}
        request = urllib.request.Request(f"{self.url}/v1/jobs?wait=300", data=json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=300) as answer:
            job = json.load(answer)
        self.assertTrue(receiver.came.wait(60))
        headers, told = receiver.calls[0]
        self.assertTrue(scope["is_genuine"](headers["Heddle-Signature"], told, "s"))
        self.assertFalse(scope["is_genuine"](headers["Heddle-Signature"], told, "another"))
        self.assertEqual((json.loads(told)["id"], json.loads(told)["state"]), (job["id"], "succeeded"))


if __name__ == "__main__":
    unittest.main()
