import { definitionOf, titleOf } from '../model/definition_of';
import type { Graph } from '../model/document';
import { indexOf } from '../model/links';
import { valuesOf } from '../model/values';
import type { Tab } from './tabs';

export interface OutlineRow {
  id: string;
  title: string;
  /** Type and values, to find it by. */
  detail: string;
  group: string;
}

/** Nodes in the order in which they would run, each with the group it lies in. */
export function outlineOf(tab: Tab, graph: Graph): OutlineRow[] {
  const { document, registry } = tab.editor;
  const groups = graph.groups.rows();
  return inOrder(graph).map((id) => {
    const node = graph.nodes.get(id)!;
    const definition = definitionOf(document, graph, node, registry);
    const values = definition ? [...valuesOf(node, definition).values()] : [];
    const text = values.filter((value) => typeof value !== 'object').map(String).join(', ');
    const group = groups.find(({ bounding: [x, y, width, height] }) => {
      const [px, py] = [node.pos[0] + node.size[0] / 2, node.pos[1]];
      return px > x && py > y && px < x + width && py < y + height;
    });
    return { id, title: titleOf(node, definition), detail: `${node.type}${text ? ` · ${text}` : ''}`.slice(0, 160), group: group?.title ?? '' };
  });
}

function inOrder(graph: Graph): string[] {
  const { to } = indexOf(graph);
  const done = new Set<string>();
  const order: string[] = [];
  const visit = (id: string, depth: number): void => {
    if (done.has(id) || !graph.nodes.has(id) || depth > 5000) return;
    done.add(id);
    for (const link of to.get(id) ?? []) visit(link.from, depth + 1);
    order.push(id);
  };
  for (const { id } of graph.nodes) visit(id, 0);
  return order;
}
