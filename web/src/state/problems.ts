import { create } from 'zustand';
import type { Problem } from '../net/http';

interface Problems {
  byTab: Record<string, Problem[]>;
  warnings: Record<string, Problem[]>;
}

/** What the server found wrong with the documents that are open. */
export const useProblems = create<Problems>(() => ({ byTab: {}, warnings: {} }));

export function setProblems(tab: string, problems: Problem[], warnings: Problem[] = []): void {
  useProblems.setState((state) => ({
    byTab: { ...state.byTab, [tab]: problems },
    warnings: { ...state.warnings, [tab]: warnings },
  }));
}

const nothing: Problem[] = [];
export const useTabProblems = (tab: string): Problem[] => useProblems((state) => state.byTab[tab] ?? nothing);
