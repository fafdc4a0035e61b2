// The link that is being drawn, and which sockets it may end at.

import { create } from 'zustand';
import { useCanvas } from './context';
import { whyNotConnect, type OutputEnd, type InputEnd } from './edit';

export type LinkEnd = { side: 'output'; end: OutputEnd } | { side: 'input'; end: InputEnd };

/** null: no link is being drawn. */
export const useConnecting = create<{ from: LinkEnd | null }>(() => ({ from: null }));

export interface Compatibility {
  compatible: 'yes' | 'no' | undefined;
  reason: string | undefined;
}

const idle: Compatibility = { compatible: undefined, reason: undefined };

export function useCompatibility(node: string, socket: { input: string } | { output: number }): Compatibility {
  const from = useConnecting((state) => state.from);
  const { tab, graph } = useCanvas();
  if (!from) return idle;
  if (from.side === 'output') {
    if (!('input' in socket)) return { compatible: 'no', reason: 'A link goes from an output to an input.' };
    const reason = whyNotConnect(tab, graph, from.end, { node, input: socket.input });
    return { compatible: reason ? 'no' : 'yes', reason };
  }
  if (!('output' in socket)) return { compatible: 'no', reason: 'A link goes from an output to an input.' };
  const reason = whyNotConnect(tab, graph, { node, slot: socket.output }, from.end);
  return { compatible: reason ? 'no' : 'yes', reason };
}
