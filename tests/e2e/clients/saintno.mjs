// @saintno/comfyui-sdk 0.3.1 through its public interface.
import { CallWrapper, ComfyApi, PromptBuilder } from "@saintno/comfyui-sdk";
import { img2img, report, txt2img, until, url } from "./scenario.mjs";

const api = new ComfyApi(url, "saintno-test").init();
await api.waitForReady();
const seen = {};

function run(graph) {
  const builder = new PromptBuilder(graph, [], ["images"]).setOutputNode("images", "9");
  return new Promise((resolve, reject) => {
    const told = { previews: 0, progress: 0, started: false };
    new CallWrapper(api, builder)
      .onPreview(() => ++told.previews)
      .onProgress(() => ++told.progress)
      .onStart(() => (told.started = true))
      .onFinished((data) => resolve({ ...told, files: data.images.images.map((one) => one.filename) }))
      .onFailed((error) => reject(error))
      .run();
  });
}

seen.txt2img = await run(txt2img({ seed: 11, prefix: "sdk" }));
// This client calls a run finished when its picture is there, a moment before the job is over.
const histories = await until(async () => {
  const all = await api.getHistories();
  return Object.keys(all).length && all;
});
seen.history = Object.keys(histories).length;
const entry = Object.values(histories).at(-1);
const [image] = entry.outputs["9"].images;
const blob = await api.getImage(image);
seen.picture = blob.size > 1000;
const upload = await api.uploadImage(Buffer.from(await blob.arrayBuffer()), "from sdk.png");
seen.upload = upload.info;
seen.img2img = (await run(img2img(upload.info.filename, { seed: 12, prefix: "sdk_i2i" }))).files;

const long = await api.appendPrompt(txt2img({ seed: 2, steps: 2000 }));
await until(async () => (await api.getQueue()).queue_running.length);
seen.queue = (await api.getQueue()).queue_running[0][1] === long.prompt_id;
await api.interrupt();
const over = await until(() => api.getHistory(long.prompt_id));
seen.interrupt = over.status;
seen.bad = await api.appendPrompt({ 1: { class_type: "KSamler", inputs: {} } }).then(
  () => "accepted",
  (error) => String(error?.message || JSON.stringify(error?.cause ?? error)),
);
seen.checkpoints = await api.getCheckpoints();
seen.loras = await api.getLoras();
seen.samplers = (await api.getSamplerInfo()).sampler !== undefined;
seen.status = (await api.pollStatus()).exec_info.queue_remaining;
api.destroy();
report(seen);
