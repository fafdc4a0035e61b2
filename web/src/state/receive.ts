// A picture that came by paste or drop: into the selected node that takes one, else into a new one.

import { addNode } from '../model/commands/nodes';
import { setValue } from '../model/commands/values';
import { definitionOf } from '../model/definition_of';
import type { NodeDefinition } from '../model/definition';
import { placeForNew, toGraph } from '../canvas/view';
import { notify } from './notices';
import { select, selectedNodes } from './selection';
import { activeTab, shownGraph } from './tabs';
import { uploadPicture } from './uploads';

const uploadInput = (definition: NodeDefinition | undefined): string | undefined =>
  definition?.inputs.find(({ widget }) => widget?.kind === 'choice' && widget.upload === 'image')?.name;

export async function receivePicture(file: File): Promise<void> {
  const tab = activeTab();
  if (!tab) return;
  const graph = shownGraph(tab);
  const { document, registry } = tab.editor;
  const node = graph.nodes.get(selectedNodes().at(-1) ?? '');
  const input = node && uploadInput(definitionOf(document, graph, node, registry));
  // The simplest node that takes an upload and gives a picture.
  const fresh = registry.all().filter((one) => uploadInput(one) && one.outputs[0]?.type === 'IMAGE').sort((a, b) => a.inputs.length - b.inputs.length)[0];
  if (!input && !fresh) return notify('warn', 'No node here takes a picture.');
  const value = await uploadPicture(file);
  tab.editor.transact('Take a picture', (tx) => {
    if (node && input) return setValue(tx, graph.id, node.id, input, value);
    const added = addNode(tx, graph.id, fresh!, toGraph(placeForNew()), { values: new Map([[uploadInput(fresh) ?? '', value]]) });
    if (added.ok) select({ nodes: [added.value] });
  });
}
