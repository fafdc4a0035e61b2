import { definitionOf, titleOf } from '../model/definition_of';
import { graphAtPath } from '../model/document';
import type { Tab } from './tabs';

/** The title of the node that a step id ("12:7") stands for. */
export function titleOfStep(tab: Tab, step: string): string {
  const path = step.split(':');
  const id = path.pop() ?? '';
  const { document, registry } = tab.editor;
  const graph = graphAtPath(document, path);
  const node = graph?.nodes.get(id);
  return graph && node ? titleOf(node, definitionOf(document, graph, node, registry)) : `Step ${step}`;
}
