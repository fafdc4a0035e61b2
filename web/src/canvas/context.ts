import { createContext, useCallback, useContext, useMemo, useSyncExternalStore } from 'react';
import { definitionOf } from '../model/definition_of';
import type { NodeDefinition } from '../model/definition';
import { graphOf, type Graph, type GraphId, type GraphNode } from '../model/document';
import { usePlan, type PlannedStep } from '../state/plan';
import { useProblems } from '../state/problems';
import { useRuns, type NodeRun, type Shown } from '../state/runs';
import type { Tab } from '../state/tabs';
import { stepId } from '../state/tabs';
import type { Problem } from '../net/http';

interface ShownGraph {
  tab: Tab;
  graph: GraphId;
}

/** The document and the graph in it that the canvas shows. */
export const CanvasContext = createContext<ShownGraph | null>(null);

export function useCanvas(): ShownGraph {
  const shown = useContext(CanvasContext);
  if (!shown) throw new Error('outside the canvas');
  return shown;
}

export interface NodeHere {
  tab: Tab;
  graphId: GraphId;
  graph: Graph | undefined;
  node: GraphNode | undefined;
  definition: NodeDefinition | undefined;
  step: string;
}

/** A node's row; renders again only when this row changes. */
export function useNode(id: string): NodeHere {
  const { tab, graph: graphId } = useCanvas();
  const { editor } = tab;
  const subscribe = useCallback((listener: () => void) => editor.subscribeNode(graphId, id, listener), [editor, graphId, id]);
  const node = useSyncExternalStore(subscribe, () => graphOf(editor.document, graphId)?.nodes.get(id));
  const registry = useSyncExternalStore(subscribe, () => editor.registry);
  const graph = graphOf(editor.document, graphId);
  const definition = graph && node && definitionOf(editor.document, graph, node, registry);
  return { tab, graphId, graph, node, definition, step: stepId(tab, id) };
}

export function useNodeRun(tab: string, step: string): NodeRun | undefined {
  return useRuns((runs) => runs.jobs[runs.shown[tab] ?? '']?.nodes[step]);
}

export function useMade(tab: string, step: string): Shown | undefined {
  return useRuns((runs) => runs.made[tab]?.[step]);
}

export function usePreview(tab: string, step: string): string | undefined {
  return useRuns((runs) => runs.previews[tab]?.[step]);
}

export function usePlanned(tab: string, step: string): PlannedStep | undefined {
  return usePlan((plan) => plan.byTab[tab]?.[step]);
}

/** What may not be meant, at one step: seen here, or said by the server. */
export function useStepWarnings(tab: string, step: string): Problem[] {
  const noticed = useProblems((problems) => problems.noticed[tab] ?? none);
  const warnings = useProblems((problems) => problems.warnings[tab] ?? none);
  return useMemo(() => [...noticed, ...warnings].filter((one) => one.step === step && one.socket), [noticed, warnings, step]);
}

const none: Problem[] = [];
const bySteps = new WeakMap<Problem[], Map<string, Problem[]>>();

/** The problems of one step; the same list as long as nothing changed. */
export function useStepProblems(tab: string, step: string): Problem[] {
  return useProblems(({ byTab }) => {
    const all = byTab[tab];
    if (!all) return none;
    let grouped = bySteps.get(all);
    if (!grouped) {
      grouped = new Map();
      for (const problem of all) grouped.set(problem.step ?? '', [...(grouped.get(problem.step ?? '') ?? []), problem]);
      bySteps.set(all, grouped);
    }
    return grouped.get(step) ?? none;
  });
}
