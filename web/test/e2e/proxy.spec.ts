// Scenarios 1 and 26: the first visit and the second; under a path prefix behind a proxy; without the page.

import { createServer, request, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { node, openSmall, ready } from './editor';
import { startServer } from './server';
import { expect, test } from './test';

/** A reverse proxy as a web server in front has it: /tools/heddle/x goes to /x, WebSockets too. */
async function proxyTo(target: string, prefix: string): Promise<{ url: string; close(): void; seen: string[] }> {
  const { hostname, port } = new URL(target);
  const seen: string[] = [];
  const inner = (message: IncomingMessage): string | undefined => {
    seen.push(message.url ?? '');
    return message.url?.startsWith(`${prefix}/`) ? message.url.slice(prefix.length) : undefined;
  };
  const headersOf = (message: IncomingMessage) => ({ ...message.headers, host: `${hostname}:${port}`, ...(message.headers.origin ? { origin: target } : {}) });
  const server: HttpServer = createServer((incoming, answer) => {
    const path = inner(incoming);
    if (path === undefined) return void answer.writeHead(404).end();
    const outgoing = request({ hostname, port, path, method: incoming.method, headers: headersOf(incoming) }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  });
  server.on('upgrade', (incoming, client) => {
    const path = inner(incoming);
    const upstream = connect(Number(port), hostname, () => {
      const headers = Object.entries(headersOf(incoming)).map(([name, value]) => `${name}: ${String(value)}\r\n`).join('');
      upstream.write(`GET ${path ?? '/'} HTTP/1.1\r\n${headers}\r\n`);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    for (const end of [client, upstream]) end.on('error', () => [client, upstream].forEach((one) => one.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}/`,
    seen,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

test('the first visit shows starters, title and icon; the second takes what it knows from its cache', async ({ page, server, watched }) => {
  void watched;
  await page.goto(server.url);
  await ready(page);
  await expect(page).toHaveTitle(/heddle/);
  const icon = await page.locator('link[rel=icon]').evaluate((link: HTMLLinkElement) => link.href);
  expect((await page.request.get(icon)).headers()['content-type']).toContain('svg');
  // Loaded once more, no asset comes over the network again, nor the page itself.
  const index = await page.request.get(server.url);
  expect((await page.request.get(server.url, { headers: { 'If-None-Match': index.headers().etag! } })).status()).toBe(304);
  await page.reload();
  await ready(page);
  const fetched = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('/assets/')).map((one) => (one as PerformanceResourceTiming).transferSize));
  expect(fetched.length).toBeGreaterThan(0);
  // Nothing at all of those in the program; of those in a folder that they are the same (304).
  expect(Math.max(...fetched)).toBeLessThan(1000);
});

test('under a path prefix behind a proxy: runs, previews, pictures, links', async ({ page, server, watched }) => {
  watched.expected.push(/outside request/);
  const proxy = await proxyTo(server.url, '/tools/heddle');
  await page.goto(proxy.url);
  await openSmall(page);
  await page.getByRole('spinbutton', { name: 'Sampler: steps' }).fill('25');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('img', { name: /^Save: small_/ })).toBeVisible({ timeout: 60_000 });
  await expect(node(page, 'Sampler')).toHaveAttribute('data-state', 'done');
  await expect.poll(() => page.getByRole('img', { name: /^Save: small_/ }).evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(64);
  await page.getByRole('button', { name: 'Jobs', exact: true }).click();
  await expect(page.locator('.job').first()).toHaveAttribute('data-state', 'succeeded');
  await page.getByRole('button', { name: 'Workflows', exact: true }).click();
  await page.getByRole('list', { name: 'Pipelines' }).getByRole('button', { name: /^Copy the address of/ }).first().click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(`${proxy.url}#pipeline=`);
  // All that the page asked for lies under the prefix.
  expect(proxy.seen.filter((path) => !path.startsWith('/tools/heddle/'))).toEqual([]);
  await page.goto('about:blank');
  proxy.close();
});

test('without the page: nothing at /, the interfaces are there', async ({ usable, request }) => {
  void usable;
  const own = await startServer('--no-frontend');
  expect((await request.get(own.url)).status()).toBe(404);
  expect((await request.get(`${own.url}/v1/system`)).status()).toBe(200);
  expect((await request.get(`${own.url}/object_info`)).status()).toBe(200);
  await own.stop();
  own.remove();
});
