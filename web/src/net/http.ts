// Fetch with errors in words. All addresses are relative to the page, so that a path prefix of a proxy is kept.

/** One thing that is wrong with a graph, as the server says it (RFC 9457 answers carry a list of them). */
export interface Problem {
  step?: string;
  node?: string;
  socket?: string;
  kind: string;
  message: string;
}

/** The server answered, and refused. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly problems: Problem[] = [],
    readonly warnings: Problem[] = [],
  ) {
    super(message);
  }
}

/** The server did not answer. */
export class Unreachable extends Error {
  constructor() {
    super('The server does not answer.');
  }
}

export function address(path: string): string {
  return new URL(path, document.baseURI).href;
}

export function query(values: Record<string, string | number | undefined>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return pairs.length ? `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}` : '';
}

interface Refused {
  detail?: string;
  title?: string;
  problems?: Problem[];
  warnings?: Problem[];
}

async function refusal(response: Response): Promise<Refusal> {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as Refused;
    const message = body.detail ?? body.title ?? text;
    return new Refusal(response.status, message, body.problems, body.warnings);
  } catch {
    return new Refusal(response.status, text.trim() || `${response.status} ${response.statusText}`);
  }
}

export async function send(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address(path), init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Unreachable();
  }
  // A gateway that answers for a server that is down is no answer of the server.
  if (response.status === 502 || response.status === 503 || response.status === 504) throw new Unreachable();
  if (!response.ok) throw await refusal(response);
  return response;
}

export async function readText(path: string, init?: RequestInit): Promise<string> {
  return (await send(path, init)).text();
}

export async function readJson<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await send(path, init)).json()) as T;
}
