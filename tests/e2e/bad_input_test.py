"""Bad input: a clear error that names what, where and what to do; nothing half-written, no crash."""
import json
import os
import resource
import struct
import unittest
import zlib

from program import ROOT, ProgramTest


def safetensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def png(width, height):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b""))


class BadInput(ProgramTest):
    def refuse(self, graph, *words, code=2, arguments=(), **options):
        result = self.run_program("run", graph, "--out", self.out, *arguments, code=code, **options)
        for word in words:
            self.assertIn(word, result.stderr)
        for leak in ("mat1", "Exception", "terminate", "basic_string", "[json.exception"):
            self.assertNotIn(leak, result.stderr)
        self.assertFalse(self.out.exists() and list(self.out.rglob("*.png")))
        return result

    def text(self, content, name="bad.json"):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def test_malformed_json_names_line_and_column(self):
        self.refuse(self.text('{"1": {"class_type": "KSampler",\n  "inputs": {]}}'), "line 2", "column")

    def test_a_graph_that_is_too_deep(self):
        self.refuse(self.text("[" * 100000), "deep")
        self.refuse(self.text('{"a":' * 5000 + "1" + "}" * 5000), "deep")

    def test_unknown_nodes_cycles_ranges_and_choices_all_at_once(self):
        document = self.first_picture(_3_steps=0, _3_sampler_name="eular", _5_width="wide")
        document["20"] = {"class_type": "KSamler", "inputs": {}}
        document["9"]["inputs"]["images"] = ["21", 0]
        document["21"] = {"class_type": "ImageInvert", "inputs": {"image": ["22", 0]}}
        document["22"] = {"class_type": "ImageInvert", "inputs": {"image": ["21", 0]}}
        document["30"] = {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "x"}}
        document["31"] = {"class_type": "PreviewImage", "inputs": {"images": ["20", 0]}}
        self.refuse(self.graph(document), "0 is outside 1..10000", "did you mean \"euler\"?", "cannot be read as INT",
                    "did you mean \"KSampler\"?", "in a circle: ")

    def test_a_missing_file_a_folder_and_nothing(self):
        self.refuse(self.folder / "none.json", "none.json")
        self.refuse(self.folder, str(self.folder))
        self.refuse(self.text(""), "bad.json")

    def test_a_picture_without_a_workflow(self):
        self.refuse(self.text(png(16, 16), "plain.png"), "without a workflow")

    def models(self, content, kind="checkpoints", name="bad.safetensors"):
        folder = self.folder / "models" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        return ["--models", str(self.folder / "models")]

    def test_checkpoints_that_are_none(self):
        whole = (ROOT / "models/checkpoints/pocket.safetensors").read_bytes()
        tensor = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
        cases = {
            "truncated": (whole[:1_000_000], "incomplete"),
            "nothing": (b"", "bad.safetensors"),
            "text": (b"<html>not found</html>" * 100, "bad.safetensors"),
            "huge header": (safetensors(b"{}", length=1 << 60), "header"),
            "offsets out of range": (safetensors({"a": {**tensor, "data_offsets": [0, 1 << 40]}}, b"\0" * 16), "a"),
            "overlapping": (safetensors({"a": tensor, "b": tensor}, b"\0" * 16), "overlap"),
            "wrong dtype": (safetensors({"a": {**tensor, "dtype": "F33"}}, b"\0" * 16), "F33"),
            "no model": (safetensors({"a": tensor}, b"\0" * 16), "bad.safetensors"),
        }
        graph = self.graph(self.first_picture(_4_ckpt_name="bad.safetensors"))
        for name, (content, word) in cases.items():
            with self.subTest(name):
                self.refuse(graph, "step 4 (CheckpointLoader)", word, code=1, arguments=self.models(content))

    def test_a_checkpoint_that_lacks_keys_names_them(self):
        data = (ROOT / "models/checkpoints/pocket.safetensors").read_bytes()
        size, = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + size])
        key = next(k for k in header if k.endswith("middle_block.0.in_layers.2.weight"))
        del header[key]
        self.refuse(self.graph(self.first_picture(_4_ckpt_name="bad.safetensors")), "lacks 1 of", key, code=1,
                    arguments=self.models(safetensors(header, data[8 + size:])))

    def test_a_lora_for_another_family(self):
        one = {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}
        names = [f"lora_unet_double_blocks_{k}_img_attn_proj.lora_{side}.weight" for k in range(2) for side in ("up", "down")]
        content = safetensors({n: {**one, "data_offsets": [4 * i, 4 * i + 4]} for i, n in enumerate(names)}, b"\0" * 16)
        self.refuse(self.graph(self.first_picture(_10_lora_name="bad.safetensors")), "step 10 (LoraLoader)", "Flux", code=1,
                    arguments=self.models(content, "loras"))

    def test_an_unknown_lora_tag_and_an_ambiguous_one(self):
        pipeline = ROOT / "graphs/txt2img_tags.pipeline.json"
        self.refuse(pipeline, "there is no LoRA \"inc\"", "did you mean \"ink\"?", code=1,
                    arguments=["--prompt", "<lora:inc:1> x"])
        arguments = self.models((ROOT / "models/loras/ink.safetensors").read_bytes(), "loras", "sub.safetensors")
        (self.folder / "models/loras/other").mkdir()
        (self.folder / "models/loras/a").mkdir()
        for folder in ("models/loras/a", "models/loras"):
            (self.folder / folder / "twice.safetensors").write_bytes(b"x")
        (self.folder / "models/loras/twice.safetensors").rename(self.folder / "models/loras/other/twice.safetensors")
        self.refuse(pipeline, "fits several files: a/twice.safetensors, other/twice.safetensors", code=1,
                    arguments=["--prompt", "<lora:twice:1>", *arguments])

    def image_graph(self, name):
        return self.graph({"1": {"class_type": "LoadImage", "inputs": {"image": name}},
                           "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}})

    def test_an_image_that_is_none_and_one_too_wide(self):
        self.text("no picture", "a.png")
        self.refuse(self.image_graph("a.png"), "a.png", code=1)
        self.text(png(60000, 4), "b.png")
        self.refuse(self.image_graph("b.png"), "b.png", "60000", code=1)

    def test_a_full_disk_leaves_nothing_half_written(self):
        def limit():  # as if the disk were full after 4 kB in any file
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        result = self.run_program("run", ROOT / "graphs/first_picture.json", "--out", self.out, code=1, preexec_fn=limit)
        self.assertIn("step 9 (SaveImage)", result.stderr)
        self.assertIn("File too large", result.stderr)
        self.assertEqual([p for p in self.out.rglob("*") if p.is_file()], [])
        self.run_graph(ROOT / "graphs/first_picture.json")  # and the cache is sound

    def test_an_output_folder_that_cannot_be(self):
        self.text("a file", "file")
        result = self.run_program("run", ROOT / "graphs/first_picture.json", "--out", self.folder / "file/sub", code=2)
        self.assertIn("cannot save to", result.stderr)

    def test_cache_entries_with_flipped_bits_are_never_used(self):
        first, = self.run_graph(ROOT / "graphs/first_picture.json")
        entries = [p for p in (self.folder / "data").rglob("*.bin")]
        self.assertGreaterEqual(len(entries), 4)
        for entry in entries:
            content = bytearray(entry.read_bytes())
            content[len(content) // 2] ^= 0x10
            entry.write_bytes(content)
        again, = self.run_graph(ROOT / "graphs/first_picture.json")
        self.assertEqual(first.read_bytes(), again.read_bytes())

    def test_nan_in_a_latent_says_at_which_step(self):
        latent = safetensors({"latent_tensor": {"dtype": "F32", "shape": [1, 4, 16, 16], "data_offsets": [0, 4096]},
                              "latent_format_version_0": {"dtype": "F32", "shape": [0], "data_offsets": [4096, 4096]}},
                             struct.pack("<f", float("nan")) * 1024)
        self.text(latent, "nan.latent")
        document = self.first_picture(_3_latent_image=["50", 0])
        document["50"] = {"class_type": "LoadLatent", "inputs": {"latent": "nan.latent"}}
        self.refuse(self.graph(document), "step 3 (KSampler)", "NaN", "step 1", code=1)


if __name__ == "__main__":
    unittest.main()
