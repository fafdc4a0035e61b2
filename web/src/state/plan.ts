// What the next run would do: the server explains it a moment after each change, and finds what is wrong as well.

import { create } from 'zustand';
import { Refusal } from '../net/http';
import { checkGraph, explainGraph } from '../net/jobs';
import { useConnection } from './connection';
import { familyMismatches } from '../model/families';
import { useModels } from './models';
import { setNoticed, setProblems } from './problems';
import { documentText } from './running';
import { activeTab, type Tab } from './tabs';

export interface PlannedStep {
  action: 'run' | 'cached' | 'skip';
  reason: string;
}

export const usePlan = create<{ byTab: Record<string, Record<string, PlannedStep>> }>(() => ({ byTab: {} }));

let timer: ReturnType<typeof setTimeout> | undefined;
let asking: AbortController | undefined;

export function planSoon(delay = 400): void {
  clearTimeout(timer);
  timer = setTimeout(() => void plan(), delay);
}

async function plan(): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  notice(tab);
  if (useConnection.getState().connected !== true) return;
  if (tab.editor.document.root.nodes.size === 0) return show(tab.id, {});
  asking?.abort();
  asking = new AbortController();
  try {
    const text = documentText(tab);
    const checked = await checkGraph(text, asking.signal);
    setProblems(tab.id, checked.problems, checked.warnings);
    if (!checked.ok) return show(tab.id, {});
    const { steps } = await explainGraph(text, asking.signal);
    show(tab.id, Object.fromEntries(steps.map(({ step, action, reason }) => [step, { action, reason }])));
  } catch (error) {
    if (!(error instanceof Refusal)) return; // away, or asked again meanwhile
    show(tab.id, {});
    const problems = error.problems.length > 0 ? error.problems : [{ kind: 'graph', message: error.message }];
    setProblems(tab.id, problems, error.warnings);
  }
}

/** Seen without the server: files that do not belong together. */
function notice(tab: Tab): void {
  const { document, registry } = tab.editor;
  const found = familyMismatches(document, registry, useModels.getState().models);
  setNoticed(tab.id, found.map(({ step, input, message }) => ({ step, socket: input, kind: 'other_family', message })));
}

function show(tab: string, steps: Record<string, PlannedStep>): void {
  const before = usePlan.getState().byTab[tab] ?? {};
  // Nodes of which nothing new is planned are not drawn again.
  const kept = Object.entries(steps).map(([step, plan]): [string, PlannedStep] => {
    const old = before[step];
    return [step, old && old.action === plan.action && old.reason === plan.reason ? old : plan];
  });
  usePlan.setState(({ byTab }) => ({ byTab: { ...byTab, [tab]: Object.fromEntries(kept) } }));
}
