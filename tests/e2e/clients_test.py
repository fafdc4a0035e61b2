"""Published ComfyUI clients from npm, through their public interface, against the real server with the pocket model."""
import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from program import ProgramTest
from server import Server

CLIENTS = Path(__file__).parent / "clients"
NODE = shutil.which("node")


@unittest.skipUnless(NODE and (CLIENTS / "node_modules").is_dir(), "no node, or the clients are not installed")
class Clients(ProgramTest):
    def drive(self, script):
        with Server(self.folder / "data") as server:
            result = subprocess.run([NODE, script, server.url], cwd=CLIENTS, capture_output=True, text=True, timeout=300)
            self.assertEqual(result.returncode, 0, result.stdout[-2000:] + result.stderr[-3000:])
            return json.loads(result.stdout.splitlines()[-1])

    def test_comfy_ui_client(self):
        seen = self.drive("comfy_ui_client.mjs")
        self.assertEqual(seen["txt2img"], {"file": "cuc_00001_.png", "png": True})
        self.assertEqual(seen["cached"], {"file": "cuc_00001_.png"})
        self.assertEqual(seen["img2img"], {"upload": {"name": "upload me.png", "subfolder": "", "type": "input"}, "png": True})
        self.assertEqual(seen["queue"], {"running": [True], "pending": [True], "remaining": 2})
        self.assertEqual(seen["interrupt"], {"status": "error", "completed": False})
        self.assertEqual(seen["next"], "success")
        self.assertIn("KSamler", seen["bad"])
        self.assertEqual((seen["stats"], seen["embeddings"], seen["nodes"], seen["deleted"]), (1, True, True, 0))

    def test_stable_canvas(self):
        seen = self.drive("stable_canvas.mjs")
        self.assertEqual(seen["txt2img"], {"files": 1, "previews": 4, "steps": 4})
        self.assertEqual((seen["cached"], seen["polled"]), (1, 1))
        self.assertEqual(seen["img2img"], {"png": True, "files": 1})
        self.assertEqual((seen["queue"], seen["after_delete"]), ({"running": 1, "pending": 1}, 0))
        self.assertTrue(seen["interrupted"])
        self.assertNotEqual(seen["bad"], "accepted")
        self.assertTrue(seen["samplers"])
        self.assertIn("pocket.safetensors", seen["models"])

    def test_saintno(self):
        seen = self.drive("saintno.mjs")
        self.assertEqual(seen["txt2img"]["files"], ["sdk_00001_.png"])
        self.assertGreaterEqual(seen["txt2img"]["progress"], 4)
        self.assertGreaterEqual(seen["txt2img"]["previews"], 3)
        self.assertEqual(seen["history"], 1)
        self.assertTrue(seen["picture"] and seen["queue"] and seen["samplers"])
        self.assertEqual(seen["upload"]["filename"], "from sdk.png")
        self.assertEqual(seen["img2img"], ["sdk_i2i_00001_.png"])
        self.assertEqual(seen["interrupt"]["status_str"], "error")
        self.assertNotEqual(seen["bad"], "accepted")
        self.assertIn("pocket.safetensors", seen["checkpoints"])
        self.assertEqual(seen["status"], 0)


if __name__ == "__main__":
    unittest.main()
