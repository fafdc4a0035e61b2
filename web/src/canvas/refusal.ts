// A link that may not be: the reason in words, and the node that would make it possible, if one does it in one step.

import { addNode } from '../model/commands/nodes';
import { connect } from '../model/commands/links';
import { graphOf, type GraphId, type Point } from '../model/document';
import { converters } from '../model/search';
import { dismissAll, notify } from '../state/notices';
import { select } from '../state/selection';
import type { Tab } from '../state/tabs';
import { typeOfEnd } from './adding';
import type { LinkEnd } from './connecting';
import { tell, whyNotConnect, type InputEnd, type OutputEnd } from './edit';

export function refuseLink(tab: Tab, graphId: GraphId, a: LinkEnd, b: LinkEnd): void {
  if (a.side === b.side) return notify('warn', 'A link goes from an output to an input.');
  const [output, input] = a.side === 'output' ? [a, b] : [b, a];
  if (output.side !== 'output' || input.side !== 'input') return;
  const reason = whyNotConnect(tab, graphId, output.end, input.end) ?? 'These two do not fit.';
  const [from, to] = [typeOfEnd(tab, graphId, output), typeOfEnd(tab, graphId, input)];
  const converter = from === to ? undefined : converters(tab.editor.registry, from, to)[0];
  if (!converter) return notify('warn', reason);
  const { displayName } = converter.definition;
  notify('warn', `${reason} ${displayName} makes one of the other.`, {
    label: `Add ${displayName}`,
    run: () => {
      dismissAll();
      insert(tab, graphId, output.end, input.end, converter);
    },
  });
}

function insert(tab: Tab, graphId: GraphId, from: OutputEnd, to: InputEnd, converter: ReturnType<typeof converters>[number]): void {
  const graph = graphOf(tab.editor.document, graphId);
  const [source, target] = [graph?.nodes.get(from.node), graph?.nodes.get(to.node)];
  if (!source || !target) return;
  const at: Point = [(source.pos[0] + target.pos[0]) / 2, (source.pos[1] + target.pos[1]) / 2 + 60];
  tab.editor.transact(`Add ${converter.definition.displayName}`, (tx) => {
    const id = tell(addNode(tx, graphId, converter.definition, at));
    if (id === undefined) return;
    tell(connect(tx, graphId, from, { node: id, input: converter.input }));
    tell(connect(tx, graphId, { node: id, slot: converter.output }, to));
    select({ nodes: [id] });
  });
}
