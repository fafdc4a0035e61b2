import { address } from './http';

// What the server tells while jobs run: ComfyUI's WebSocket messages, sent to the client that submitted the job.
// (Server-sent events would hold one of the six connections that a browser has for a host, for every open tab.)

export type ServerEvent =
  | { type: 'status'; data: { status: { exec_info: { queue_remaining: number } }; sid?: string } }
  | { type: 'execution_start'; data: { prompt_id: string } }
  | { type: 'execution_cached'; data: { prompt_id: string; nodes: string[] } }
  | { type: 'executing'; data: { prompt_id?: string; node: string | null } }
  | { type: 'progress'; data: { prompt_id: string; node: string; value: number; max: number } }
  | { type: 'progress_state'; data: { prompt_id: string; nodes: Record<string, { state: string; value: number; max: number }> } }
  | { type: 'executed'; data: { prompt_id: string; node: string; output: Record<string, unknown> | null } }
  | { type: 'execution_success'; data: { prompt_id: string } }
  | { type: 'execution_interrupted'; data: { prompt_id: string; node_id?: string } }
  | {
      type: 'execution_error';
      data: { prompt_id: string; node_id: string; node_type: string; exception_message: string; exception_type: string; traceback?: string[] };
    };

export interface Preview {
  picture: Blob;
  node?: string;
  job?: string;
}

export interface Listener {
  event(event: ServerEvent): void;
  preview(preview: Preview): void;
  connected(is: boolean): void;
}

const PREVIEW = 1;
const PREVIEW_WITH_METADATA = 4;

/** A binary message: four bytes of kind, four more of format or size of metadata, and the picture. */
export function readPreview(message: ArrayBuffer): Preview | undefined {
  if (message.byteLength < 8) return undefined;
  const view = new DataView(message);
  const kind = view.getUint32(0);
  if (kind === PREVIEW) {
    const type = view.getUint32(4) === 2 ? 'image/png' : 'image/jpeg';
    return { picture: new Blob([message.slice(8)], { type }) };
  }
  if (kind !== PREVIEW_WITH_METADATA) return undefined;
  const size = view.getUint32(4);
  if (8 + size > message.byteLength) return undefined;
  try {
    const metadata = JSON.parse(new TextDecoder().decode(message.slice(8, 8 + size))) as Record<string, string>;
    const picture = new Blob([message.slice(8 + size)], { type: metadata.image_type ?? 'image/jpeg' });
    return { picture, node: metadata.node_id, job: metadata.prompt_id };
  } catch {
    return undefined;
  }
}

/** Stays connected until closed; waits longer after each failure, 10 s at most. */
export function listen(client: string, listener: Listener): () => void {
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let closed = false;

  const connect = (): void => {
    const url = new URL(address(`ws?clientId=${encodeURIComponent(client)}`));
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      failures = 0;
      socket?.send(JSON.stringify({ type: 'feature_flags', data: { supports_preview_metadata: true } }));
      listener.connected(true);
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') return listener.event(JSON.parse(data) as ServerEvent);
      const preview = readPreview(data);
      if (preview) listener.preview(preview);
    };
    socket.onclose = () => {
      if (closed) return;
      listener.connected(false);
      timer = setTimeout(connect, Math.min(10_000, 500 * 2 ** failures++));
    };
  };
  connect();

  return () => {
    closed = true;
    clearTimeout(timer);
    socket?.close();
  };
}
