// @stable-canvas/comfyui-client 1.5.9 through its public interface.
import { Client } from "@stable-canvas/comfyui-client";
import WebSocket from "ws";
import { host, img2img, isPng, report, txt2img, until } from "./scenario.mjs";

const client = new Client({ api_host: host, clientId: "stable-canvas-test", WebSocket, fetch });
client.connect();
await until(() => client.socket?.readyState === 1);
const seen = {};

const previews = [];
client.on("b_preview", (blob) => previews.push(blob.size));
let steps = 0;
const output = await client.enqueue(txt2img({ prefix: "sc" }), { progress: () => ++steps });
const files = (result) => result.images.filter((one) => one.type === "url").length; // the others are previews
seen.txt2img = { files: files(output), previews: previews.length, steps };

const cached = await client.enqueue(txt2img({ prefix: "sc" }));
seen.cached = files(cached);

const polled = await client.enqueue_polling(txt2img({ seed: 5, prefix: "sc_poll" }));
seen.polled = files(polled);

const history = await client.getHistory(10);
const entry = history.History.find((one) => Object.keys(one.outputs).includes("9"));
const [image] = entry.outputs["9"].images;
const picture = await client.fetchApi(`/view?filename=${image.filename}&subfolder=${image.subfolder}&type=${image.type}`);
const bytes = Buffer.from(await picture.arrayBuffer());
const form = new FormData();
form.append("image", new Blob([bytes], { type: "image/png" }), "stable canvas.png");
const upload = await (await client.fetchApi("/upload/image", { method: "POST", body: form })).json();
const edited = await client.enqueue(img2img(upload.name, { prefix: "sc_i2i" }));
seen.img2img = { png: isPng(bytes), files: files(edited) };

const interrupted = new Promise((resolve) => client.on("execution_interrupted", resolve));
const long = await client._enqueue_prompt(txt2img({ seed: 2, steps: 2000 }));
await until(async () => (await client.getQueue()).Running.length);
const waiting = await client._enqueue_prompt(txt2img({ seed: 99 }));
seen.queue = { running: (await client.getQueue()).Running.length, pending: (await client.getQueue()).Pending.length };
await client.deleteItem("queue", waiting.prompt_id);
seen.after_delete = (await client.getQueue()).Pending.length;
await client.interrupt(long.prompt_id);
seen.interrupted = (await interrupted).prompt_id === long.prompt_id;
seen.bad = await client.enqueue({ 1: { class_type: "KSamler", inputs: {} } }).then(
  () => "accepted",
  (error) => error.constructor.name + ": " + error.message,
);
seen.samplers = (await client.getSamplers()).includes("euler");
seen.models = await client.getSDModels();
await client.free({ unload_models: true, free_memory: true });
client.close();
report(seen);
