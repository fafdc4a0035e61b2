// Gestures with the real pointer and keys, and what the page shows meanwhile.

/** Runs in the page before its own code: keeps the times of frames, and of keys until they are painted. */
export function recorder() {
  const bench = { frames: null, keys: [] };
  window.bench = bench;
  const tick = (now) => {
    bench.frames?.push(now);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  // A message that is sent in a frame arrives when the frame has been handed over.
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done(performance.now());
    port2.postMessage(null);
  }));
  bench.painted = painted;
  window.addEventListener('keydown', (event) => void painted().then((at) => bench.keys.push(at - event.timeStamp)), true);
}

/** Milliseconds between the frames that the page had from the first move of a gesture to the last. */
export async function frames(page, gesture) {
  await page.evaluate(() => (window.bench.frames = []));
  await gesture();
  return page.evaluate(() => {
    const times = window.bench.frames;
    window.bench.frames = null;
    return times.slice(1).map((time, i) => time - times[i]);
  });
}

export async function drag(page, from, steps = 90, reach = 400) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  const times = await frames(page, async () => {
    for (let i = 1; i <= steps; i++) await page.mouse.move(from.x - (reach * i) / steps, from.y - (reach * i) / steps / 4);
  });
  await page.mouse.up();
  return times;
}

/** Out and in again, about the middle. */
export async function zoom(page, at, steps = 40) {
  await page.mouse.move(at.x, at.y);
  return frames(page, async () => {
    for (let i = 0; i < steps; i++) await page.mouse.wheel(0, i < steps / 2 ? 60 : -60);
  });
}

/** Milliseconds from each key to the frame that shows it. */
export async function type(page, field, keys) {
  await field.focus();
  await page.evaluate(() => (window.bench.keys = []));
  for (const key of keys) {
    await page.keyboard.press(key);
    await page.waitForTimeout(30); // a fast typist
  }
  await page.waitForTimeout(100);
  return page.evaluate(() => window.bench.keys);
}
