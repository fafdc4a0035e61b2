import { useCallback, useMemo } from 'react';
import type { NodeDefinition } from '../model/definition';
import { subgraphDefinition } from '../model/definition_of';
import { addAndLink, fitting } from '../canvas/adding';
import { replaceSelected } from '../canvas/actions';
import { showNode, toGraph } from '../canvas/view';
import { useDroppedLink } from '../canvas/gestures';
import { enabledCommands, keysText, runCommand } from '../commands';
import { useDialogs, type PaletteRequest } from '../state/dialogs';
import { usePreferences } from '../state/preferences';
import { select } from '../state/selection';
import { shownGraph, useActiveTab, useTabs, type Tab } from '../state/tabs';
import { outlineOf } from '../state/outline';
import { Listbox, type ListItem } from './Listbox';
import { Popover } from './Popover';
import { searchNodes } from '../model/search';

const close = (): void => {
  useDialogs.setState({ palette: null });
  // The keys go on acting on the canvas.
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>('.canvas')?.focus();
  });
};

export function Palette() {
  const request = useDialogs((state) => state.palette);
  const tab = useActiveTab();
  if (!request) return null;
  if (request.kind === 'commands') return <CommandPalette request={request} />;
  if (!tab) return null;
  return request.kind === 'find' ? <FindPalette request={request} tab={tab} /> : <NodePalette request={request} tab={tab} />;
}

function NodePalette({ request, tab }: { request: PaletteRequest; tab: Tab }) {
  const registry = useTabs((state) => state.registry);
  const recent = usePreferences((state) => state.recentNodes);
  const dropped = useDroppedLink((state) => state.from);
  const from = request.kind === 'link' ? dropped : null;
  const offered = useMemo(() => {
    const subgraphs = subgraphDefinitions(tab);
    const all = [...registry.all(), ...subgraphs];
    return from ? fitting(tab, from, all) : all;
  }, [registry, tab, from]);
  const filter = useCallback((query: string) => searchNodes(offered, query, recent).map(itemOf), [offered, recent]);
  const byType = useMemo(() => new Map(offered.map((definition) => [definition.type, definition])), [offered]);
  const label = request.kind === 'replace' ? 'Replace by' : from ? 'Add a node that fits' : 'Add a node';

  return (
    <Popover at={request.at} width={340} label={label} onClose={close}>
      <Listbox
        label={label}
        items={[]}
        search
        filter={filter}
        placeholder={`${label} (Ctrl+Enter: and another one)`}
        onPick={(type, again) => {
          const definition = byType.get(type);
          if (!definition) return;
          if (request.kind === 'replace') replaceSelected(definition);
          else addAndLink(tab, definition, toGraph(request.at), from, again);
          if (!again) close();
        }}
      />
    </Popover>
  );
}


function subgraphDefinitions(tab: Tab): NodeDefinition[] {
  const { document, registry } = tab.editor;
  return document.definitions.rows().map((graph) => subgraphDefinition(document, graph, registry));
}

function itemOf(definition: NodeDefinition): ListItem {
  const hint = definition.type === definition.displayName ? definition.category : `${definition.category} · ${definition.type}`;
  return { id: definition.type, label: definition.displayName, hint };
}

function CommandPalette({ request }: { request: PaletteRequest }) {
  const items = enabledCommands().map(({ command, enabled }) => ({
    id: command.id, label: command.label, hint: keysText(command), disabled: !enabled,
  }));
  return (
    <Popover at={request.at} width={420} label="Commands" onClose={close}>
      <Listbox
        label="Commands"
        items={items}
        search
        onPick={(id) => {
          close();
          runCommand(id);
        }}
      />
    </Popover>
  );
}

function FindPalette({ request, tab }: { request: PaletteRequest; tab: Tab }) {
  const items = outlineOf(tab, shownGraph(tab)).map(({ id, title, detail }) => ({ id, label: title, hint: detail }));
  return (
    <Popover at={request.at} width={420} label="Find a node" onClose={close}>
      <Listbox
        label="Find a node"
        items={items}
        search
        onPick={(id) => {
          close();
          select({ nodes: [id] });
          showNode(id);
        }}
      />
    </Popover>
  );
}
