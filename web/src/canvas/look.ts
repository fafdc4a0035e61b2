// How nodes look from afar.

import type { Node } from '@xyflow/react';
import { useProblems } from '../state/problems';
import { useRuns } from '../state/runs';
import { stepId, type Tab } from '../state/tabs';
import type { NodeLook } from './flow_nodes';

/** Errors and what runs stand out; other nodes have the colour of what they give. */
export function lookOf(tab: Tab): (node: Node) => { title: string; colour: string } {
  const failing = new Set(useProblems.getState().byTab[tab.id]?.map((problem) => problem.step));
  const { jobs, shown } = useRuns.getState();
  const states = jobs[shown[tab.id] ?? '']?.nodes ?? {};
  return ({ id, data }) => {
    const { title = '', colour = 'var(--line)' } = data as Partial<NodeLook>;
    const step = stepId(tab, id);
    const state = states[step]?.state;
    if (failing.has(step) || state === 'failed') return { title, colour: 'var(--error)' };
    return { title, colour: state === 'running' ? 'var(--running)' : colour };
  };
}
