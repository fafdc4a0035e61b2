// The nodes and links that are in the page: all of a small graph; of a large one those in view, and from afar hardly any.

import { useStore, type Node } from '@xyflow/react';
import { useMemo } from 'react';
import { useSelection } from '../state/selection';
import { cull, cullToPicture, AFAR_BELOW, MANY, partInView } from './culling';
import type { LinkEdge } from './flow_edges';
import { useHovered } from './hovering';

/** Nodes with a picture stay in the page from afar, as long as they are few. */
const MOST_PICTURES = 50;

export interface PageNodes {
  nodes: Node[];
  edges: LinkEdge[];
  /** The graph is shown as a picture. */
  isAfar: boolean;
}

export function usePageNodes(nodes: Node[], edges: LinkEdge[]): PageNodes {
  const isLarge = nodes.length > MANY;
  const isAfar = useStore((state) => isLarge && state.transform[2] < AFAR_BELOW);
  const part = useStore(useMemo(partInView, []));
  const hovered = useHovered(({ id }) => (isAfar ? id : ''));
  const focus = useSelection((state) => (isAfar ? state.focus : ''));
  return useMemo(() => {
    if (!isLarge) return { nodes, edges, isAfar };
    if (!isAfar) return { ...cull(nodes, edges, part), isAfar };
    const pictures = new Set(nodes.filter(({ data }) => data.picture === true).slice(0, MOST_PICTURES).map(({ id }) => id));
    return { ...cullToPicture(nodes, ({ id }) => id === hovered || id === focus || pictures.has(id)), isAfar };
  }, [nodes, edges, isLarge, isAfar, isAfar ? null : part, hovered, focus]);
}
