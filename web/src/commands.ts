// Everything a user can do, once: menus, the command list, the palette and shortcuts read this table.

import * as act from './canvas/actions';
import { openNodePalette } from './canvas/gestures';
import { arrange } from './canvas/layout';
import { linkFromFocus } from './canvas/link_picker';
import { enterFields, focusCanvas, nextRegion, walk } from './canvas/walking';
import * as view from './canvas/view';
import { MODE_BYPASSED, MODE_MUTED } from './model/document';
import { clearJobs, compareWithJob, runActive, runToSelection } from './state/actions';
import { useDialogs } from './state/dialogs';
import * as files from './state/files';
import { save } from './state/saving';
import { pauseQueue } from './net/jobs';
import { refreshJobs, useJobs } from './state/jobs';
import { attempt } from './state/notices';
import { savePipelineOf } from './state/pipelines';
import { setPreferences, togglePanel, usePreferences, type Theme } from './state/preferences';
import { loadDefinitions } from './state/start';
import { cancelShown } from './state/running';
import { clearSelection, useSelection } from './state/selection';
import { activeTab, closeTab, useTabs } from './state/tabs';

export interface Command {
  id: string;
  group: 'Run' | 'Edit' | 'Node' | 'Select' | 'View' | 'File' | 'Panel';
  label: string;
  keys: string[];
  /** Whether it can be done now. */
  when?: () => boolean;
  run: () => unknown;
}

const open = (): boolean => activeTab() !== undefined;
const chosen = (): boolean => act.selection().nodes.length > 0;
const groups = (): boolean => (act.selection().groups?.length ?? 0) > 0;
const several = (): boolean => act.selection().nodes.length > 1;
const editor = () => activeTab()?.editor;

function c(group: Command['group'], id: string, label: string, keys: string, run: () => unknown, when: () => boolean = open): Command {
  return { id, group, label, keys: keys.split(' ').filter(Boolean), run, when };
}

const always = (): boolean => true;
const theme = (name: Theme) => () => setPreferences({ theme: name });

export const commands: Command[] = [
  c('Run', 'run', 'Run', 'Ctrl+Enter', () => runActive()),
  c('Run', 'run.front', 'Run before all others', 'Ctrl+Shift+Enter', () => runActive({ front: true })),
  c('Run', 'run.to', 'Run up to the selected node', '', runToSelection, chosen),
  c('Run', 'run.cancel', 'Cancel the run of this graph', 'Ctrl+Alt+Enter', () => cancelShown(activeTab()!)),
  c('Run', 'queue.pause', 'Pause the queue or let it go on', '', async () => {
    await pauseQueue(!useJobs.getState().paused);
    refreshJobs();
  }, always),
  c('Run', 'jobs.clear', 'Remove finished jobs from the list', '', clearJobs, always),

  c('Edit', 'undo', 'Undo', 'Ctrl+Z', () => editor()?.undo(), () => Boolean(editor()?.undoLabel)),
  c('Edit', 'redo', 'Redo', 'Ctrl+Shift+Z Ctrl+Y', () => editor()?.redo(), () => Boolean(editor()?.redoLabel)),
  c('Edit', 'copy', 'Copy', 'Ctrl+C', act.copySelection, act.hasSelection),
  c('Edit', 'cut', 'Cut', 'Ctrl+X', act.cutSelection, act.hasSelection),
  c('Edit', 'paste', 'Paste', 'Ctrl+V', () => act.pasteClipboard(false)),
  c('Edit', 'paste.links', 'Paste with links from outside', 'Ctrl+Shift+V', () => act.pasteClipboard(true)),
  c('Edit', 'duplicate', 'Duplicate', 'Ctrl+D', act.duplicateSelection, act.hasSelection),
  c('Edit', 'delete', 'Delete', 'Delete Backspace', () => act.deleteSelection(false), act.hasSelection),
  c('Edit', 'delete.reconnect', 'Delete and reconnect', 'Ctrl+Delete', () => act.deleteSelection(true), chosen),

  c('Node', 'node.add', 'Add a node', 'Tab /', () => openNodePalette(view.placeForNew())),
  c('Node', 'node.replace', 'Replace the node, keeping its links', '', () => useDialogs.setState({ palette: { kind: 'replace', at: view.placeForNew() } }), chosen),
  c('Node', 'node.mute', 'Mute', 'Ctrl+M', () => act.toggleSelectedMode(MODE_MUTED, 'Mute'), chosen),
  c('Node', 'node.bypass', 'Bypass', 'Ctrl+B', () => act.toggleSelectedMode(MODE_BYPASSED, 'Bypass'), chosen),
  c('Node', 'node.collapse', 'Collapse', 'Alt+C', () => act.toggleCollapsed(), () => chosen() || groups()),
  c('Node', 'node.pin', 'Pin', 'P', () => act.toggleSelectedFlag('pinned', 'Pin'), chosen),
  c('Node', 'node.rename', 'Rename', 'F2', act.renameFocus, act.hasSelection),
  c('Node', 'node.link.from', 'Link from an output', 'L', () => linkFromFocus('output'), chosen),
  c('Node', 'node.link.to', 'Link to an input', 'Shift+L', () => linkFromFocus('input'), chosen),
  c('Node', 'node.fields', "Into the node's fields", 'Enter', enterFields, chosen),
  c('Node', 'group', 'Group', 'Ctrl+G', act.groupSelection, chosen),
  c('Node', 'ungroup', 'Remove the group, keep what is in it', 'G', act.ungroup, groups),
  c('Node', 'subgraph.make', 'Make a subgraph', 'Ctrl+Shift+E', act.makeSubgraph, chosen),
  c('Node', 'subgraph.enter', 'Enter the subgraph', 'E', () => act.enterSubgraph(), () => act.focusedSubgraph() !== undefined),
  c('Node', 'subgraph.leave', 'Leave the subgraph', 'Shift+E', () => act.leaveSubgraph(), () => (activeTab()?.path.length ?? 0) > 0),
  c('Node', 'subgraph.expand', 'Expand the subgraph', '', act.expandFocused, () => act.focusedSubgraph() !== undefined),
  c('Node', 'arrange', 'Arrange from left to right', 'Alt+L', () => arrange(activeTab()!, act.selection().nodes)),
  ...(['left', 'right', 'top', 'bottom'] as const).map((edge) =>
    c('Node', `align.${edge}`, `Align: ${edge}`, '', () => act.alignSelection(edge), several)),
  c('Node', 'distribute.x', 'Space evenly from left to right', '', () => act.distributeSelection('x'), several),
  c('Node', 'distribute.y', 'Space evenly from top to bottom', '', () => act.distributeSelection('y'), several),

  c('Select', 'select.all', 'Select all', 'Ctrl+A', act.selectAll),
  c('Select', 'select.none', 'Select nothing', 'Escape', () => {
    clearSelection();
    focusCanvas();
  }),
  c('Select', 'select.up', 'Select all that feeds it', 'U', () => act.extendSelection('up'), chosen),
  c('Select', 'select.down', 'Select all that it feeds', 'D', () => act.extendSelection('down'), chosen),
  ...(['left', 'right', 'up', 'down'] as const).flatMap((way) => {
    const key = `Arrow${way[0]!.toUpperCase()}${way.slice(1)}`;
    const x = way === 'left' ? -10 : way === 'right' ? 10 : 0;
    const y = way === 'up' ? -10 : way === 'down' ? 10 : 0;
    return [
      c('Select', `walk.${way}`, `Go ${way}`, key, () => walk(way, false)),
      c('Select', `walk.extend.${way}`, `Go ${way}, keeping the selection`, `Shift+${key}`, () => walk(way, true)),
      c('Edit', `move.${way}`, `Move ${way}`, `Alt+${key}`, () => act.nudge(x, y), chosen),
      c('Edit', `move.far.${way}`, `Move far ${way}`, `Alt+Shift+${key}`, () => act.nudge(x * 5, y * 5), chosen),
    ];
  }),
  c('Select', 'find', 'Find a node', 'Ctrl+F', () => useDialogs.setState({ palette: { kind: 'find', at: middle() } })),

  c('View', 'commands', 'All commands', 'Ctrl+K Ctrl+Shift+P', () => useDialogs.setState({ palette: { kind: 'commands', at: middle() } }), always),
  c('View', 'fit', 'Show everything', '.', view.fitAll),
  c('View', 'fit.selection', 'Show the selection', '1', view.fitSelection),
  c('View', 'zoom.in', 'Zoom in', 'Alt+=', () => view.zoomBy(1.25)),
  c('View', 'zoom.out', 'Zoom out', 'Alt+-', () => view.zoomBy(0.8)),
  c('View', 'zoom.100', 'Zoom to 100 %', '0', () => view.zoomTo(1)),
  c('View', 'minimap', 'Overview map', 'Alt+M', () => setPreferences({ minimap: !usePreferences.getState().minimap }), always),
  c('View', 'snap', 'Snap to the grid', '', () => setPreferences({ snap: !usePreferences.getState().snap }), always),
  c('View', 'focus', 'Focus mode: only the canvas', 'F', () => document.body.toggleAttribute('data-focus-mode'), always),
  c('View', 'inspector', 'Details of the selected node', 'I', () => setPreferences({ inspector: !usePreferences.getState().inspector }), always),
  c('View', 'region.next', 'To the next region', 'F6', () => nextRegion(false), always),
  c('View', 'region.previous', 'To the region before', 'Shift+F6', () => nextRegion(true), always),
  c('View', 'theme.system', 'Theme: as the system', '', theme('system'), always),
  c('View', 'theme.dark', 'Theme: dark', '', theme('dark'), always),
  c('View', 'theme.light', 'Theme: light', '', theme('light'), always),
  c('View', 'theme.contrast', 'Theme: high contrast', '', theme('contrast'), always),
  c('View', 'shortcuts', 'Shortcuts', '?', () => useDialogs.setState({ shortcuts: true }), always),
  c('View', 'settings', 'Settings', 'Ctrl+,', () => useDialogs.setState({ settings: true }), always),

  c('File', 'file.new', 'New graph', 'Alt+N', () => files.newDocument(), always),
  c('File', 'file.open', 'Open a file', 'Ctrl+O', files.chooseFiles, always),
  c('File', 'file.save', 'Save', 'Ctrl+S', () => save()),
  c('File', 'file.save.as', 'Save under another name', 'Ctrl+Shift+S', () => save(true)),
  c('File', 'file.export', 'Download as a file', '', files.exportDocument),
  c('File', 'file.export.svg', 'Download as an SVG picture with the graph in it', '', async () => (await import('./state/export_picture')).exportSvg()),
  c('File', 'file.export.png', 'Download as a PNG picture with the graph in it', '', async () => (await import('./state/export_picture')).exportPng()),
  c('File', 'file.pipeline', 'Save as a pipeline', '', savePipelineOf),
  c('File', 'file.compare', 'What changed since the last run', '', compareWithJob),
  c('File', 'file.close', 'Close this graph', 'Alt+W', () => closeTab(activeTab()!.id)),
  c('File', 'tab.next', 'To the next graph', 'Alt+PageDown', () => stepTab(1)),
  c('File', 'tab.previous', 'To the graph before', 'Alt+PageUp', () => stepTab(-1)),
  c('File', 'definitions', 'Read the node declarations again', 'R', loadDefinitions, always),

  c('Panel', 'panel.workflows', 'Workflows', 'W', () => togglePanel('workflows'), always),
  c('Panel', 'panel.nodes', 'Nodes', 'N', () => togglePanel('nodes'), always),
  c('Panel', 'panel.gallery', 'Gallery', 'A', () => togglePanel('gallery'), always),
  c('Panel', 'panel.jobs', 'Jobs', 'Q', () => togglePanel('jobs'), always),
  c('Panel', 'panel.outline', 'Outline', 'O', () => togglePanel('outline'), always),
  c('Panel', 'panel.problems', 'Problems', 'Alt+P', () => togglePanel('problems'), always),
  c('Panel', 'panel.form', 'Form', 'Alt+F', () => togglePanel('form'), always),
];

const byId = new Map(commands.map((command) => [command.id, command]));

export const commandOf = (id: string): Command | undefined => byId.get(id);

export function runCommand(id: string): void {
  const command = byId.get(id);
  if (command && (command.when?.() ?? true)) attempt(() => command.run() as Promise<unknown>);
}

export const keysOf = (command: Command): string[] => usePreferences.getState().keys[command.id] ?? command.keys;

export const keysText = (command: Command): string =>
  keysOf(command).map((key) => key.replace('Arrow', '')).join(', ');

export function enabledCommands(): { command: Command; enabled: boolean }[] {
  return commands.map((command) => ({ command, enabled: command.when?.() ?? true }));
}

function middle(): { x: number; y: number } {
  return { x: window.innerWidth / 2 - 210, y: 90 };
}

function stepTab(by: number): void {
  const { tabs, active } = useTabs.getState();
  const at = tabs.findIndex((tab) => tab.id === active);
  const next = tabs[(at + by + tabs.length) % tabs.length];
  if (next) useTabs.setState({ active: next.id });
  useSelection.setState({ nodes: [], links: [], groups: [], reroutes: [], focus: '' });
}
