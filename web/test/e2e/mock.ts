// A server whose jobs a scenario plays itself, for timing and failure; all else is answered by the real program.

import type { Page, WebSocketRoute } from '@playwright/test';

export interface MockSocket {
  send(message: object): void;
  /** A preview with metadata (kind 4) or, without a node, in the older form (kind 1). */
  preview(picture: Buffer, metadata?: { node_id: string; prompt_id: string }): void;
  close(): void;
  /** How often the page has connected. */
  connections(): number;
}

/** Must be called before the page is opened. */
export async function mockSocket(page: Page): Promise<MockSocket> {
  let socket: WebSocketRoute | undefined;
  let count = 0;
  await page.routeWebSocket(/\/ws\?/, (route) => {
    socket = route;
    count++;
  });
  return {
    send: (message) => socket?.send(JSON.stringify(message)),
    preview(picture, metadata) {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(metadata ? 4 : 1, 0);
      const words = Buffer.from(metadata ? JSON.stringify({ ...metadata, image_type: 'image/png' }) : '');
      head.writeUInt32BE(metadata ? words.length : 2, 4);
      socket?.send(Buffer.concat([head, words, picture]));
    },
    close: () => void socket?.close(),
    connections: () => count,
  };
}

export interface MockJob {
  id: string;
  graph: unknown;
}

export interface MockJobs {
  submitted: MockJob[];
  /** What the server answers about each job. */
  state: { fields: Record<string, unknown>; refusal?: { status: number; body: object } };
}

/** Takes jobs and answers about them as `state` says. */
export async function mockJobs(page: Page): Promise<MockJobs> {
  const jobs: MockJobs = { submitted: [], state: { fields: { state: 'queued', steps: [] } } };
  const about = (id: string): object => ({ id, priority: 0, created: new Date().toISOString(), ...jobs.state.fields });
  await page.route(/\/v1\/jobs(\/[^/?]+)?(\?.*)?$/, async (route) => {
    const request = route.request();
    const id = /\/v1\/jobs\/([^/?]+)/.exec(request.url())?.[1];
    if (request.method() === 'POST' && !id) {
      if (jobs.state.refusal) return route.fulfill({ status: jobs.state.refusal.status, json: jobs.state.refusal.body });
      const body = request.postDataJSON() as MockJob;
      jobs.submitted.push({ id: body.id, graph: body.graph });
      return route.fulfill({ status: 201, json: about(body.id) });
    }
    if (id && jobs.submitted.some((job) => job.id === id)) return route.fulfill({ json: about(id) });
    if (!id) return route.fulfill({ json: { jobs: jobs.submitted.map((job) => about(job.id)) } });
    return route.fallback();
  });
  return jobs;
}

/** A 2 x 2 picture. */
export const tinyPng = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEklEQVR4nGP4z8DwHwyBNAMDAAA+3gX7ZkZ3mwAAAABJRU5ErkJggg==', 'base64',
);
