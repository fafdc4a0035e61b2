import { create } from 'zustand';

export type Theme = 'system' | 'dark' | 'light' | 'contrast';
export type Panel = 'none' | 'workflows' | 'nodes' | 'jobs' | 'gallery' | 'outline' | 'problems' | 'form';

export interface Preferences {
  theme: Theme;
  panel: Panel;
  minimap: boolean;
  snap: boolean;
  inspector: boolean;
  /** Whether single letters act as commands on the canvas. */
  singleKeys: boolean;
  batch: number;
  /** Keys that replace a command's own, by the command's id. */
  keys: Record<string, string[]>;
  recentNodes: string[];
}

const KEY = 'heddle.preferences';
const defaults: Preferences = {
  theme: 'system',
  panel: 'none',
  minimap: true,
  snap: true,
  inspector: false,
  singleKeys: true,
  batch: 1,
  keys: {},
  recentNodes: [],
};

function load(): Preferences {
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>) };
  } catch {
    return defaults; // storage may be blocked, or hold something else
  }
}

export const usePreferences = create<Preferences>(() => load());

export function setPreferences(changes: Partial<Preferences>): void {
  usePreferences.setState(changes);
  try {
    localStorage.setItem(KEY, JSON.stringify(usePreferences.getState()));
  } catch {
    // They hold until the page is closed.
  }
  applyTheme();
}

export function applyTheme(): void {
  const { theme } = usePreferences.getState();
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function togglePanel(panel: Panel): void {
  setPreferences({ panel: usePreferences.getState().panel === panel ? 'none' : panel });
}
