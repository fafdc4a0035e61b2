import { BaseEdge, type EdgeProps } from '@xyflow/react';
import { memo } from 'react';
import type { LinkEdge as Link } from './flow_edges';
import { useInsertion } from './insertion';
import type { Point } from '../model/document';

/** From an output through its reroutes to an input, leaving to the right and arriving from the left. */
export function linkPath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  let path = `M${first[0]},${first[1]}`;
  let [x, y] = first;
  for (const [nextX, nextY] of rest) {
    const reach = Math.max(24, Math.abs(nextX - x) / 2);
    path += `C${x + reach},${y} ${nextX - reach},${nextY} ${nextX},${nextY}`;
    [x, y] = [nextX, nextY];
  }
  return path;
}

export const LinkEdge = memo(function LinkEdge({ id, sourceX, sourceY, targetX, targetY, data }: EdgeProps<Link>) {
  const path = linkPath([[sourceX, sourceY], ...(data?.points ?? []), [targetX, targetY]]);
  // Where a node that is dragged over it would go.
  const takesNode = useInsertion((state) => state.target?.link === id);
  const style = takesNode ? { stroke: 'var(--accent)', strokeWidth: 6 } : { stroke: data?.colour };
  return <BaseEdge id={id} path={path} interactionWidth={16} style={style} />;
});
