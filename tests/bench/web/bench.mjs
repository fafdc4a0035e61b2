// Times the editor in Chromium as its user meets it: node tests/bench/web/bench.mjs [REPORT.json]
// $HEDDLE names the program (else build/heddle), $HEDDLE_FRONTEND a built editor, $CHROMIUM the browser.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { editorGraph } from './graph.mjs';
import { drag, recorder, type, zoom } from './gestures.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { chromium } = createRequire(`${root}web/package.json`)('playwright');
const VIEW = { width: 1400, height: 900 };
const report = { when: new Date().toISOString(), processors: cpus().length, cases: [] };

function row(name, samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const part = (share) => Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1));
  const found = { name, samples: sorted.length, p50: part(0.5), p95: part(0.95), p99: part(0.99), max: part(1) };
  report.cases.push({ ...found, load: Number(loadavg()[0].toFixed(2)) });
  const numbers = [found.p50, found.p95, found.p99, found.max].map((one) => one.toFixed(1).padStart(9));
  console.log(`${name.padEnd(50)}${String(found.samples).padStart(8)}${numbers.join('')}`);
}

function startServer(data) {
  const frontend = process.env.HEDDLE_FRONTEND ? ['--frontend', process.env.HEDDLE_FRONTEND] : [];
  const program = spawn(process.env.HEDDLE ?? `${root}build/heddle`, ['serve', '--port', '0', '--data', data, ...frontend], { cwd: root });
  return new Promise((resolve, reject) => {
    let said = '';
    const listen = (chunk) => {
      said += chunk;
      const ready = /ready at (http:\/\/\S+)/.exec(said);
      if (ready) resolve({ program, url: ready[1] });
    };
    program.stdout.on('data', listen);
    program.stderr.on('data', listen);
    program.once('exit', (code) => reject(new Error(`heddle serve ended with ${code}: ${said}`)));
  });
}

/** First contentful paint of a fresh browser, and of its second visit. */
async function visits(browser, url) {
  const [fresh, repeat] = [[], []];
  for (let i = 0; i < 5; i++) {
    const context = await browser.newContext({ viewport: VIEW });
    const page = await context.newPage();
    for (const times of [fresh, repeat]) {
      await page.goto(url);
      await page.locator('.canvas').waitFor();
      times.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
      await page.goto('about:blank');
    }
    await context.close();
  }
  row('page: first paint, fresh browser', fresh);
  row('page: first paint, second visit', repeat);
}

/** From the click on a saved graph to the frame that shows it, and until the page answers at once again. */
async function open(page, name) {
  const entry = page.getByRole('list', { name: 'Saved workflows' }).getByRole('button', { name, exact: true });
  await entry.waitFor();
  return entry.evaluate(async (button) => {
    const before = document.querySelector('.canvas [data-id]');
    const began = performance.now();
    button.click();
    const isShown = () => {
      const picture = document.querySelector('.afar[data-drawn]') ?? document.querySelector('.canvas .node[data-id]');
      return picture !== null && picture !== before;
    };
    while (!isShown()) await new Promise(requestAnimationFrame);
    const painted = (await window.bench.painted()) - began;
    await new Promise((done) => requestIdleCallback(done));
    return { painted, usable: performance.now() - began };
  });
}

async function graphs(browser, url, count) {
  const [painted, usable] = [[], []];
  let page;
  for (let i = 0; i < 3; i++) {
    await page?.context().close();
    page = await (await browser.newContext({ viewport: VIEW })).newPage();
    await page.addInitScript(recorder);
    await page.goto(url);
    await page.getByRole('button', { name: 'Workflows', exact: true }).click();
    const times = await open(page, `bench_${count}`);
    painted.push(times.painted);
    usable.push(times.usable);
  }
  row(`${count} nodes: open, click to painted`, painted);
  row(`${count} nodes: open, click to usable`, usable);
  await page.getByRole('button', { name: 'Close Workflows' }).click();
  await page.waitForTimeout(1000);
  await gesturesOn(page, `${count} nodes, everything in view`);
  await page.locator('.canvas').press('0');
  await page.waitForTimeout(1000);
  await gesturesOn(page, `${count} nodes at 100 %`);
  await fields(page, count);
  await page.context().close();
}

const MIDDLE = { x: 700, y: 500 };

async function gesturesOn(page, name) {
  const at = await emptyPlace(page);
  row(`${name}: pan`, await drag(page, at));
  await drag(page, { x: at.x - 400, y: at.y - 100 }, 10, -400); // back
  row(`${name}: zoom`, await zoom(page, MIDDLE));
  await page.waitForTimeout(1000);
  const title = await titleIn(page);
  if (title) row(`${name}: drag a node`, await drag(page, title, 90, 200));
  else console.log(`${name}: there is no node to drag`);
  await page.keyboard.press('Control+z');
}

/** Somewhere on the canvas where there is no node. */
function emptyPlace(page) {
  return page.evaluate(() => {
    for (let y = 420; y < 860; y += 10) {
      for (let x = 560; x < 1150; x += 10) {
        if (document.elementFromPoint(x, y)?.classList.contains('react-flow__pane')) return { x, y };
      }
    }
    throw new Error('there is no empty place on the canvas');
  });
}

/** The middle of a node's title that can be pressed; from afar a node is there only under the pointer. */
async function titleIn(page) {
  for (let y = 300; y < 500 && (await page.locator('.node').count()) === 0; y += 40) {
    for (let x = 400; x < 900 && (await page.locator('.node').count()) === 0; x += 5) await page.mouse.move(x, y);
  }
  return page.evaluate(() => {
    for (const title of document.querySelectorAll('.node .node-title')) {
      const { left, top, width, height } = title.getBoundingClientRect();
      const at = { x: left + width / 2, y: top + height / 2 };
      if (at.x > 100 && at.x < 1180 && at.y > 100 && at.y < 850 && title.contains(document.elementFromPoint(at.x, at.y))) return at;
    }
    return null;
  });
}

async function fields(page, count) {
  await page.locator('.canvas').focus();
  await page.keyboard.press('Control+f');
  await page.getByRole('combobox', { name: /Search/ }).fill('CLIP Text');
  await page.keyboard.press('Enter');
  await page.waitForTimeout(600);
  row(`${count} nodes: key in a text`, await type(page, page.locator('.node textarea').first(), [...'a purple castle in the snow at sunset with a moat']));
  const number = page.locator('.node input[role=spinbutton]').first();
  row(`${count} nodes: key in a number`, await type(page, number, [...'512*2+64-32*4/2+1024-8*16/4+96-64*2/8+12']));
  await page.keyboard.press('Escape');
  row(`${count} nodes: arrow in a number`, await type(page, number, Array(40).fill('ArrowUp')));
}

async function blank(browser, url) {
  const page = await (await browser.newContext({ viewport: VIEW })).newPage();
  await page.addInitScript(recorder);
  await page.route('**/blank', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>blank</title>' }));
  await page.goto(`${url}/blank`);
  row('a blank page: pan', await drag(page, { x: 1000, y: 600 }));
  row('a blank page: zoom', await zoom(page, MIDDLE));
  await page.context().close();
}

async function main() {
  const data = mkdtempSync(join(tmpdir(), 'heddle-bench-'));
  const workflows = join(data, 'user', 'default', 'workflows');
  mkdirSync(workflows, { recursive: true });
  for (const count of [100, 1000]) writeFileSync(join(workflows, `bench_${count}.json`), JSON.stringify(editorGraph(count)));
  const { program, url } = await startServer(data);
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
  report.chromium = browser.version();
  console.log(`Chromium ${report.chromium}, ${report.processors} processors, load ${loadavg()[0].toFixed(2)}; milliseconds`);
  console.log(`${''.padEnd(50)}${' samples      p50      p95      p99      max'}`);
  try {
    await visits(browser, url);
    await blank(browser, url);
    for (const count of [100, 1000]) await graphs(browser, url, count);
  } finally {
    await browser.close();
    program.removeAllListeners('exit');
    program.kill('SIGTERM');
    rmSync(data, { recursive: true, force: true });
  }
  const file = process.argv[2] ?? join(root, 'build-bench', 'web_bench.json');
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`written to ${file}`);
}

await main();
