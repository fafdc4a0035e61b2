"""Pictures: the ones expected, again after a restart, and out of their own files."""
import json
import os
import signal
import subprocess
import time
import unittest

from program import HEDDLE, LONG, ROOT, ProgramTest, png_pixels

EXPECTED = ROOT / "tests/golden/pocket/expected"
SAMPLER_SIDE = ["KSampler", "SaveImage", "VAEDecode"]


class Expected(ProgramTest):
    def test_the_pocket_pictures_are_comfyuis_within_one_level(self):
        for name, pictures in {"house": ["house"], "ink": ["ink"], "lighthouse": ["lighthouse_0", "lighthouse_1"],
                               "snowman_ink": ["snowman_ink"], "two_stage": ["two_stage"]}.items():
            files = self.run_graph(EXPECTED / f"{name}.json")
            self.assertEqual(len(files), len(pictures))
            for file, picture in zip(files, pictures):
                got, expected = png_pixels(file), png_pixels(EXPECTED / f"{picture}.png")
                self.assertEqual(got[:2], expected[:2])
                self.assertLessEqual(max(abs(a - b) for a, b in zip(got[2], expected[2])), 1, picture)

    def test_a_picture_of_comfyui_runs_again(self):
        file, = self.run_graph(EXPECTED / "house.png")
        got, expected = png_pixels(file), png_pixels(EXPECTED / "house.png")
        self.assertLessEqual(max(abs(a - b) for a, b in zip(got[2], expected[2])), 1)


class Examples(ProgramTest):
    def test_every_example_graph_runs(self):
        graphs = sorted((ROOT / "graphs").glob("*.json"))
        self.assertGreaterEqual(len(graphs), 6)
        for graph in graphs:
            with self.subTest(graph.name):
                files = self.run_graph(graph)
                self.assertTrue(files and all(file.stat().st_size > 500 for file in files))

    def test_a_pipeline_takes_its_inputs_as_flags(self):
        file, = self.run_graph(ROOT / "graphs/txt2img.pipeline.json", "--prompt",
                               "ink style, a purple castle in the snow at sunset", "--seed", "3", "--lora", "ink.safetensors:0.8")
        self.assertEqual(png_pixels(file), png_pixels(self.run_graph(ROOT / "graphs/first_picture.json")[0]))

    def test_lora_tags_equal_the_chain_of_loaders(self):
        tagged, = self.run_graph(ROOT / "graphs/txt2img_tags.pipeline.json")
        chained, = self.run_graph(EXPECTED / "snowman_ink.json")
        self.assertEqual(png_pixels(tagged), png_pixels(chained))


class Again(ProgramTest):
    def test_changing_only_the_seed_runs_sampler_decode_and_save(self):
        # The networks are not kept on disk, so a new process loads them; all else comes from the cache.
        self.run_graph(ROOT / "graphs/first_picture.json")
        events = self.events(ROOT / "graphs/first_picture.json", "--set", "3.seed=4,5")
        started = [e["node"] for e in events if e["event"] == "step_started"]
        second = started[started.index("SaveImage") + 1:]
        self.assertEqual(sorted(second), SAMPLER_SIDE)

    def test_a_restart_runs_no_sampler_step_and_gives_the_same_bytes(self):
        first, = self.run_graph(ROOT / "graphs/first_picture.json")
        self.assertEqual(self.steps_run(ROOT / "graphs/first_picture.json"), ["SaveImage"])
        again = sorted(self.out.glob("*.png"))[-1]
        self.assertNotEqual(first, again)
        self.assertEqual(first.read_bytes(), again.read_bytes())

    def test_renumbered_and_reordered_steps_come_from_the_cache(self):
        self.run_graph(ROOT / "graphs/first_picture.json")
        document = json.loads((ROOT / "graphs/first_picture.json").read_text())
        renumber = lambda v: [f"n{v[0]}", v[1]] if isinstance(v, list) else v
        other = {f"n{k}": {"class_type": s["class_type"], "inputs": {n: renumber(v) for n, v in reversed(s["inputs"].items())}}
                 for k, s in reversed(document.items())}
        self.assertEqual(self.steps_run(self.graph(other)), ["SaveImage"])

    def test_a_picture_repeats_itself_bit_for_bit(self):
        first, = self.run_graph(ROOT / "graphs/first_picture.json")
        again, = self.run_graph(first, "--no-cache")
        self.assertEqual(first.read_bytes(), again.read_bytes())

    def test_without_metadata_nothing_of_the_graph_is_in_the_file(self):
        graph = self.graph(self.first_picture(_9_filename_prefix="plain"))
        file, = self.run_graph(graph, "--no-metadata")
        for word in (b"castle", b"pocket", b"KSampler", b"heddle", b"prompt", b"ink"):
            self.assertNotIn(word, file.read_bytes())

    def test_verify_cache_passes(self):
        self.run_graph(ROOT / "graphs/first_picture.json")
        self.run_graph(ROOT / "graphs/first_picture.json", "--verify-cache")

    def test_killed_at_any_moment_it_recovers_with_the_same_bytes(self):
        reference, = self.run_graph(ROOT / "graphs/first_picture.json", "--no-cache")
        for k in range(100 if LONG else 8):
            process = subprocess.Popen(self.command("run", ROOT / "graphs/first_picture.json", "--out", self.out,
                                                    "--set", f"3.seed={100 + k},3"),
                                       env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.1 + 0.23 * k % 2.0)
            process.send_signal(signal.SIGKILL)
            process.wait()
            file = self.run_graph(ROOT / "graphs/first_picture.json", "--set", "3.seed=3")[-1]
            self.assertEqual(file.read_bytes(), reference.read_bytes())
            for saved in self.out.glob("*.png"):
                png_pixels(saved)  # whole, or not there


class Numerics(ProgramTest):
    def test_the_number_of_threads_changes_nothing(self):
        for name in ("lighthouse", "two_stage", "snowman_ink"):
            one = self.run_graph(EXPECTED / f"{name}.json", "--threads", "1", "--no-cache")
            two = self.run_graph(EXPECTED / f"{name}.json", "--threads", "2", "--no-cache")
            self.assertEqual([f.read_bytes() for f in one], [f.read_bytes() for f in two], name)


class Cancel(ProgramTest):
    def test_ctrl_c_stops_within_a_block_and_keeps_what_finished(self):
        graph = self.graph(self.first_picture(_3_steps=5000))
        process = subprocess.Popen(self.command("run", graph, "--out", self.out, "--json"), env=self.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in process.stdout:
            if json.loads(line).get("event") == "step_progress":
                break
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertLess(time.monotonic() - start, 30)
        started = self.steps_run(graph, "--set", "3.steps=1")
        self.assertNotIn("CLIPEncode", started)


class Speed(ProgramTest):
    def test_nodes_check_and_explain_open_no_model(self):
        # A folder in the place of the checkpoint cannot be read; only running may notice.
        models = self.folder / "models/checkpoints"
        models.mkdir(parents=True)
        os.mkfifo(models / "pipe.safetensors")
        self.run_program("nodes")
        self.run_program("nodes", "KSampler")


if __name__ == "__main__":
    unittest.main()
