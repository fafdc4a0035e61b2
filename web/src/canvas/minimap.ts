import { definitionOf } from '../model/definition_of';
import { useProblems } from '../state/problems';
import { useRuns } from '../state/runs';
import { shownGraph, stepId, type Tab } from '../state/tabs';
import { colourOf } from './types';

/** Errors and what runs stand out; other nodes have the colour of what they give. */
export function miniMapColour(tab: Tab, id: string): string {
  if (id.startsWith('group:')) return 'var(--faint)';
  const graph = shownGraph(tab);
  const node = graph.nodes.get(id);
  if (!node) return 'var(--line)';
  const step = stepId(tab, id);
  if (useProblems.getState().byTab[tab.id]?.some((problem) => problem.step === step)) return 'var(--error)';
  const runs = useRuns.getState();
  const state = runs.jobs[runs.shown[tab.id] ?? '']?.nodes[step]?.state;
  if (state === 'running') return 'var(--running)';
  if (state === 'failed') return 'var(--error)';
  const definition = definitionOf(tab.editor.document, graph, node, tab.editor.registry);
  return node.color ?? (definition?.outputs[0] ? colourOf(definition.outputs[0].type) : 'var(--line)');
}
