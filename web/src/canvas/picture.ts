import type { Node } from '@xyflow/react';
import { useEffect, useMemo, useState } from 'react';
import { usePreferences } from '../state/preferences';
import { useProblems } from '../state/problems';
import { useRuns } from '../state/runs';
import type { Tab } from '../state/tabs';
import type { LinkEdge } from './flow_edges';
import { lookOf } from './look';
import { sceneOf, type Scene } from './scene';

/** The scene of the graph; another one whenever something in it looks different. */
export function useScene(tab: Tab, nodes: readonly Node[], edges: readonly LinkEdge[]): Scene {
  const job = useRuns(({ jobs, shown }) => jobs[shown[tab.id] ?? '']);
  const problems = useProblems(({ byTab }) => byTab[tab.id]);
  const theme = useTheme();
  return useMemo(() => sceneOf(nodes, edges, lookOf(tab)), [tab, nodes, edges, job, problems, theme]);
}

/** A name that changes when the page's colours do. */
function useTheme(): string {
  const chosen = usePreferences((state) => state.theme);
  const [isDark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const update = (): void => setDark(query.matches);
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, []);
  return `${chosen}/${isDark}`;
}

/** Makes a canvas as sharp as the screen, and ready to draw on in CSS pixels. */
export function prepared(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}
