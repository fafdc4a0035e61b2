import { test as base, expect, type Page } from '@playwright/test';
import { missing } from './environment';
import { startServer, type Server } from './server';

interface Watch {
  /** What went wrong in the page: errors, refused requests, requests to other hosts. */
  faults: string[];
  /** Console errors that a scenario brings about on purpose (a server that is away). */
  expected: RegExp[];
}

function watch(page: Page, server: Server, expected: RegExp[]): string[] {
  const faults: string[] = [];
  const add = (fault: string): void => {
    if (!expected.some((pattern) => pattern.test(fault))) faults.push(fault);
  };
  page.on('pageerror', (error) => add(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') add(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.host !== new URL(server.url).host) add(`outside request: ${url}`);
  });
  return faults;
}

/** `page` is open on a server of its own worker; at the end nothing may have gone wrong in it. */
export const test = base.extend<{ usable: void; watched: Watch; editor: Page }, { server: Server }>({
  // Skipped test by test: a skip in the server's fixture would count for the first one only.
  usable: [
    async ({}, use, info) => {
      info.skip(missing() !== '', missing());
      await use();
    },
    { auto: true },
  ],
  server: [
    async ({}, use) => {
      if (missing()) return use(undefined as never); // every scenario is skipped
      const server = await startServer();
      await use(server);
      await server.stop();
      server.remove();
    },
    { scope: 'worker' },
  ],
  watched: async ({ page, server }, use) => {
    const expected: RegExp[] = [];
    const faults = watch(page, server, expected);
    // A refusal by the Content-Security-Policy is a console error as well; the event names what was refused.
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await use({ faults, expected });
    expect(faults).toEqual([]);
  },
  editor: async ({ page, server, watched }, use) => {
    void watched;
    await page.goto(server.url);
    await use(page);
  },
});

export { expect };
export type { Server };
