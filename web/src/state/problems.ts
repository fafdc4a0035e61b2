import { create } from 'zustand';
import type { Problem } from '../net/http';

/** One and the same empty list: nodes that have nothing are not drawn again. */
const nothing: Problem[] = [];

interface Problems {
  byTab: Record<string, Problem[]>;
  warnings: Record<string, Problem[]>;
  /** What this page sees for itself, without asking. */
  noticed: Record<string, Problem[]>;
}

/** What the server found wrong with the documents that are open. */
export const useProblems = create<Problems>(() => ({ byTab: {}, warnings: {}, noticed: {} }));

export function setProblems(tab: string, problems: Problem[], warnings: Problem[] = []): void {
  useProblems.setState((state) => ({
    byTab: { ...state.byTab, [tab]: problems.length > 0 ? problems : nothing },
    warnings: { ...state.warnings, [tab]: warnings.length > 0 ? warnings : nothing },
  }));
}

export function setNoticed(tab: string, noticed: Problem[]): void {
  const before = useProblems.getState().noticed[tab] ?? nothing;
  if (noticed.length === 0 && before.length === 0) return;
  useProblems.setState((state) => ({ noticed: { ...state.noticed, [tab]: noticed } }));
}

export const useTabProblems = (tab: string): Problem[] => useProblems((state) => state.byTab[tab] ?? nothing);
