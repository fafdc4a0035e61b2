// What every client's script has in common: the graphs, and a report of what was seen as one JSON line.
import { readFileSync } from "node:fs";

export const [url] = process.argv.slice(2);
export const host = url.replace("http://", "");

/** Text to image with the pocket model, small and quick. */
export function txt2img({ seed = 1, steps = 4, prefix = "client" } = {}) {
  const graph = JSON.parse(readFileSync(new URL("../../../graphs/first_picture.json", import.meta.url)));
  Object.assign(graph["3"].inputs, { seed, steps });
  graph["9"].inputs.filename_prefix = prefix;
  return graph;
}

/** The same from a picture that was uploaded under `image`. */
export function img2img(image, options = {}) {
  const graph = txt2img(options);
  delete graph["5"];
  graph["20"] = { class_type: "LoadImage", inputs: { image } };
  graph["21"] = { class_type: "VAEEncode", inputs: { pixels: ["20", 0], vae: ["4", 2] } };
  Object.assign(graph["3"].inputs, { latent_image: ["21", 0], denoise: 0.6 });
  return graph;
}

export const isPng = (bytes) => Buffer.from(bytes).subarray(1, 4).toString() === "PNG";

export async function until(condition, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    const value = await condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited ${seconds} s for ${condition}`);
}

export function report(seen) {
  process.stdout.write(JSON.stringify(seen) + "\n");
  process.exit(0);
}
