import { BaseEdge, type EdgeProps } from '@xyflow/react';
import { memo } from 'react';
import type { LinkEdge as Link } from './flow_edges';
import { useInsertion } from './insertion';
import { linkPath } from './link_geometry';

export const LinkEdge = memo(function LinkEdge({ id, sourceX, sourceY, targetX, targetY, data }: EdgeProps<Link>) {
  const path = linkPath([[sourceX, sourceY], ...(data?.points ?? []), [targetX, targetY]]);
  // Where a node that is dragged over it would go.
  const takesNode = useInsertion((state) => state.target?.link === id);
  const style = takesNode ? { stroke: 'var(--accent)', strokeWidth: 6 } : { stroke: data?.colour };
  return <BaseEdge id={id} path={path} interactionWidth={16} style={style} />;
});
