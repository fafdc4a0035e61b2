// Linking without a pointer: the focused node's sockets, then the sockets elsewhere that fit.

import { definitionOf, titleOf } from '../model/definition_of';
import { connect } from '../model/commands/links';
import { inputViews, outputViews } from '../model/sockets';
import { whyNotConnect, tell } from './edit';
import { useDialogs } from '../state/dialogs';
import { notify, say } from '../state/notices';
import { useSelection } from '../state/selection';
import { activeTab, shownGraph, type Tab } from '../state/tabs';

export interface LinkChoice {
  id: string;
  label: string;
  hint: string;
  link(): void;
}

/** Every link that could be made from the focused node's outputs, or to its inputs. */
export function linkChoices(tab: Tab, side: 'output' | 'input'): LinkChoice[] {
  const graph = shownGraph(tab);
  const { document, registry } = tab.editor;
  const { focus } = useSelection.getState();
  const focused = graph.nodes.get(focus);
  if (!focused) return [];
  const choices: LinkChoice[] = [];
  for (const node of graph.nodes) {
    if (node.id === focus) continue;
    const [source, target] = side === 'output' ? [focused, node] : [node, focused];
    const sourceDefinition = definitionOf(document, graph, source, registry);
    const targetDefinition = definitionOf(document, graph, target, registry);
    for (const output of outputViews(source, sourceDefinition)) {
      for (const input of inputViews(target, targetDefinition)) {
        if (input.definition?.widget && input.type !== output.type) continue;
        const ends = [{ node: source.id, slot: output.index }, { node: target.id, input: input.key }] as const;
        if (whyNotConnect(tab, graph.id, ...ends) !== undefined) continue;
        const other = side === 'output' ? titleOf(target, targetDefinition) : titleOf(source, sourceDefinition);
        const label = side === 'output' ? `${output.label} → ${other}: ${input.label}` : `${other}: ${output.label} → ${input.label}`;
        choices.push({
          id: `${source.id}/${output.index}/${target.id}/${input.key}`,
          label,
          hint: input.link === null ? output.type : 'replaces a link',
          link: () => {
            if (tell(tab.editor.transact('Link', (tx) => connect(tx, graph.id, ...ends)))) say(`Linked ${label}`);
          },
        });
      }
    }
  }
  // Free inputs first.
  return choices.sort((a, b) => Number(a.hint === 'replaces a link') - Number(b.hint === 'replaces a link'));
}

export function linkFromFocus(side: 'output' | 'input'): void {
  const tab = activeTab();
  if (!tab) return;
  if (linkChoices(tab, side).length === 0) return notify('info', 'Nothing here fits a link of this node.');
  useDialogs.setState({ linkPicker: side });
}
