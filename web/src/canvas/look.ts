// How nodes look from afar.

import type { Node } from '@xyflow/react';
import { definitionOf, titleOf } from '../model/definition_of';
import { useProblems } from '../state/problems';
import { useRuns } from '../state/runs';
import { shownGraph, stepId, type Tab } from '../state/tabs';
import { colourOf } from './types';

/** Errors and what runs stand out; other nodes have the colour of what they give. */
export function lookOf(tab: Tab): (node: Node) => { title: string; colour: string } {
  const graph = shownGraph(tab);
  const { document, registry } = tab.editor;
  const failing = new Set(useProblems.getState().byTab[tab.id]?.map((problem) => problem.step));
  const { jobs, shown } = useRuns.getState();
  const states = jobs[shown[tab.id] ?? '']?.nodes ?? {};
  return ({ id, type, data }) => {
    if (type === 'group-box') return { title: String(data.title), colour: String(data.color ?? 'var(--line)') };
    const node = graph.nodes.get(id);
    if (!node) return { title: '', colour: 'var(--line)' };
    const step = stepId(tab, id);
    const definition = definitionOf(document, graph, node, registry);
    const title = titleOf(node, definition);
    const state = states[step]?.state;
    if (failing.has(step) || state === 'failed') return { title, colour: 'var(--error)' };
    if (state === 'running') return { title, colour: 'var(--running)' };
    return { title, colour: node.color ?? (definition?.outputs[0] ? colourOf(definition.outputs[0].type) : 'var(--line)') };
  };
}
