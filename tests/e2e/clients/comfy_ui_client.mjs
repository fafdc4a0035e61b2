// comfy-ui-client 0.1.2 through its public interface.
import { ComfyUIClient } from "comfy-ui-client";
import { host, img2img, isPng, report, txt2img, until } from "./scenario.mjs";

const client = new ComfyUIClient(host, "comfy-ui-client-test");
await client.connect();
const seen = {};

const images = await client.getImages(txt2img({ prefix: "cuc" }));
const [first] = images["9"];
const bytes = Buffer.from(await first.blob.arrayBuffer());
seen.txt2img = { file: first.image.filename, png: isPng(bytes) };

// Everything cached: over in a moment, and the client must still hear of it.
const again = await client.getImages(txt2img({ prefix: "cuc" }));
seen.cached = { file: again["9"][0].image.filename };

const upload = await client.uploadImage(bytes, "upload me.png");
const edited = await client.getImages(img2img(upload.name, { prefix: "cuc_i2i" }));
seen.img2img = { upload, png: isPng(await edited["9"][0].blob.arrayBuffer()) };

const long = await client.queuePrompt(txt2img({ seed: 2, steps: 2000 }));
const waiting = await client.queuePrompt(txt2img({ seed: 3, prefix: "cuc_next" }));
await until(async () => (await client.getQueue()).queue_running.some((item) => item[1] === long.prompt_id));
const queue = await client.getQueue();
seen.queue = {
  running: queue.queue_running.map((item) => item[1] === long.prompt_id),
  pending: queue.queue_pending.map((item) => item[1] === waiting.prompt_id),
  remaining: (await client.getPrompt()).exec_info.queue_remaining,
};
await client.interrupt().catch(() => {}); // this client rejects on the empty answer, and it worked all the same
await until(async () => Object.keys(await client.getHistory(waiting.prompt_id)).length);
const interrupted = (await client.getHistory(long.prompt_id))[long.prompt_id];
seen.interrupt = { status: interrupted.status.status_str, completed: interrupted.status.completed };
seen.next = (await client.getHistory(waiting.prompt_id))[waiting.prompt_id].status.status_str;

seen.bad = await client.queuePrompt({ 1: { class_type: "KSamler", inputs: {} } }).then(
  () => "accepted",
  (error) => String(error.message ?? error),
);
seen.stats = (await client.getSystemStats()).devices.length;
seen.embeddings = Array.isArray(await client.getEmbeddings());
seen.nodes = Object.keys(await client.getObjectInfo()).includes("KSampler");
await client.editHistory({ delete: [long.prompt_id] }).catch(() => {});
seen.deleted = Object.keys(await client.getHistory(long.prompt_id)).length;
await client.disconnect();
report(seen);
