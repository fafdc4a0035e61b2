import type { Difference } from '../model/diff';
import { writeJson, type Json } from '../model/json';

const shown = (value: Json | undefined): string => (value === undefined ? 'nothing' : writeJson(value));
const modes: Record<number, string> = { 0: 'on', 2: 'muted', 4: 'bypassed' };

/** A difference between two graphs, in words. */
export function differenceLine(change: Difference): { kind: string; text: string } {
  const { kind, title } = change;
  switch (kind) {
    case 'added':
      return { kind, text: `${title} is new` };
    case 'removed':
      return { kind, text: `${title} is gone` };
    case 'type':
    case 'title':
      return { kind, text: `${title}: ${kind} ${change.before} → ${change.after}` };
    case 'mode':
      return { kind, text: `${title}: ${modes[change.before] ?? 'on'} → ${modes[change.after] ?? 'on'}` };
    case 'value':
      return { kind, text: `${title}: ${change.name} ${shown(change.before)} → ${shown(change.after)}` };
    case 'link':
      return { kind, text: `${title}: ${change.name} from ${change.before ?? 'nothing'} → from ${change.after ?? 'nothing'}` };
  }
}
