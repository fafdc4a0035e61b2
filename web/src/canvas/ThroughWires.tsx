import { passedThrough } from '../model/commands/nodes';
import { graphOf } from '../model/document';
import { outputViews } from '../model/sockets';
import type { NodeHere } from './context';
import type { NodeLayout } from './geometry';
import { linkPath } from './link_geometry';
import { colourOf } from './types';

/** What goes through a bypassed node: from the input that is passed on to the output that gives it. */
export function ThroughWires({ here, layout }: { here: NodeHere; layout: NodeLayout }) {
  const { tab, graphId, node, definition } = here;
  if (!node) return null;
  const { document, registry } = tab.editor;
  const view = { document, registry, graph: () => graphOf(document, graphId) ?? document.root };
  const wires = outputViews(node, definition).flatMap((output) => {
    const source = passedThrough(view, graphId, node.id, { fromSlot: output.index, type: output.type });
    const from = layout.inputs.find(({ input }) => input.key === source?.input);
    const to = layout.outputs.find((place) => place.output.index === output.index);
    return from && to ? [{ index: output.index, path: linkPath([[0, from.y], [layout.width, to.y]]), colour: colourOf(output.type) }] : [];
  });
  return (
    <svg className="through-wires" aria-hidden="true">
      {wires.map(({ index, path, colour }) => (
        <path key={index} data-output={index} d={path} stroke={colour} />
      ))}
    </svg>
  );
}
