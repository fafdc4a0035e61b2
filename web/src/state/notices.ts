import { create } from 'zustand';

export interface Notice {
  id: number;
  kind: 'info' | 'warn' | 'error';
  text: string;
  action?: { label: string; run(): void };
}

interface Notices {
  notices: Notice[];
  /** What a screen reader is told, politely. */
  spoken: string;
}

export const useNotices = create<Notices>(() => ({ notices: [], spoken: '' }));

let last = 0;

export function notify(kind: Notice['kind'], text: string, action?: Notice['action']): void {
  const notice: Notice = { id: ++last, kind, text, action };
  useNotices.setState(({ notices }) => ({ notices: [...notices.slice(-3), notice], spoken: text }));
  // Errors stay until they are closed.
  if (kind === 'info') setTimeout(() => dismiss(notice.id), 5000);
}

export function dismiss(id: number): void {
  useNotices.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
}

export function dismissAll(): void {
  useNotices.setState({ notices: [] });
}

export function say(text: string): void {
  useNotices.setState({ spoken: text });
}

/** Shows what an action has failed with; nothing fails silently. */
export function attempt(action: () => Promise<unknown> | unknown): void {
  void (async () => {
    try {
      await action();
    } catch (error) {
      notify('error', error instanceof Error ? error.message : String(error));
    }
  })();
}
