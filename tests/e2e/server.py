"""A real `heddle serve` on a free port of the loopback, and a small client of its own. Standard library only."""
import http.client
import json
import os
import signal
import subprocess
import time
import urllib.parse

from program import HEDDLE, ROOT


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """`with Server(data) as server: server.get("/queue").json`. `restart()` after `kill()` goes on with the same data."""

    def __init__(self, data, *flags, program=HEDDLE, preexec=None, environment=None):
        self.data, self.flags, self.program, self.preexec = data, flags, program, preexec
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("HEDDLE_")}
        self.environment["HEDDLE_MODELS"] = str(ROOT / "models")
        self.environment["XDG_CONFIG_HOME"] = str(data / "config")
        self.environment.update(environment or {})
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self.process.stdout.close()

    def start(self, expect_ready=True):
        self.data.mkdir(parents=True, exist_ok=True)
        self.log = open(self.data / "server.log", "ab")
        self.process = subprocess.Popen([self.program, "serve", "--port", "0", "--data", str(self.data), *self.flags],
                                        stdout=subprocess.PIPE, stderr=self.log, env=self.environment, cwd=self.data,
                                        preexec_fn=self.preexec)
        self.log.close()
        line = self.process.stdout.readline().decode()
        if not expect_ready:
            return
        if "heddle is ready at http://" not in line:
            raise AssertionError(f"no server: {line!r} {(self.data / 'server.log').read_text()[-2000:]}")
        self.url = line.split()[-1]
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def terminate(self, seconds=60):
        """The exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.process.stdout.close()
        return code

    def request(self, method, path, body=None, headers=None, timeout=120):
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def job(self, id):
        return self.get(f"/v1/jobs/{id}").json

    def wait(self, id, states=("succeeded", "failed", "cancelled"), seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            job = self.job(id)
            if job["state"] in states:
                return job
            time.sleep(0.02)
        raise AssertionError(f"job {id} is still {self.job(id)}")


def picture(color=0, prefix="picture", width=64):
    """A graph without a model: one plain picture, saved."""
    return {"1": {"class_type": "EmptyImage", "inputs": {"width": width, "height": 64, "batch_size": 1, "color": color}},
            "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": prefix}}}


def first_picture(seed=1, steps=4, prefix="server"):
    graph = json.loads((ROOT / "graphs/first_picture.json").read_text())
    graph["3"]["inputs"].update(seed=seed, steps=steps)
    graph["9"]["inputs"]["filename_prefix"] = prefix
    return graph
