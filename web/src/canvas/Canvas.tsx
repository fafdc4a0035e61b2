import {
  Background, MiniMap, ReactFlow, SelectionMode, type Connection, type Edge, type EdgeChange, type Node, type NodeChange,
  type OnConnectEnd, type OnConnectStartParams,
} from '@xyflow/react';
import { useCallback, useMemo, useRef, type MouseEvent, type PointerEvent } from 'react';
import { indexOf } from '../model/links';
import { usePreferences } from '../state/preferences';
import { useRuns } from '../state/runs';
import { select, useSelection } from '../state/selection';
import { shownGraph, type Tab } from '../state/tabs';
import { useTabs } from '../state/tabs';
import { useDialogs } from '../state/dialogs';
import { useConnecting, type LinkEnd } from './connecting';
import { CanvasContext } from './context';
import { useDragging } from './dragging';
import { link, whyNotConnect } from './edit';
import { flowEdges } from './flow_edges';
import { flowNodes, isNodeId } from './flow_nodes';
import { readHandle } from './handles';
import { Knife } from './Knife';
import { LinkEdge } from './LinkEdge';
import { BoundaryBox, GroupBox, NoteNode, RerouteDot } from './OtherNodes';
import { StepNode } from './StepNode';
import { clickLink, dropOnCanvas, openNodePalette, reconnect } from './gestures';
import { refuseLink } from './refusal';
import { miniMapColour } from './minimap';
import { setFlow, setPointer } from './view';

const nodeTypes = { step: StepNode, note: NoteNode, 'group-box': GroupBox, reroute: RerouteDot, boundary: BoundaryBox };
const edgeTypes = { link: LinkEdge };
const CULL_ABOVE = 150;
const GRID: [number, number] = [10, 10];

export function Canvas({ tab }: { tab: Tab }) {
  const version = useTabs((state) => state.version);
  const chosen = useSelection();
  const made = useRuns((runs) => runs.made[tab.id]);
  const previews = useRuns((runs) => runs.previews[tab.id]);
  const graph = shownGraph(tab);
  const reconnecting = useRef(false);
  const { minimap, snap } = usePreferences();

  const shown = useMemo(() => {
    const sets = { nodes: new Set(chosen.nodes), groups: new Set(chosen.groups), reroutes: new Set(chosen.reroutes) };
    return flowNodes(tab, graph, sets, made ?? {}, previews ?? {});
    // The version stands for the graph, which keeps its identity.
  }, [tab, graph, version, chosen, made, previews]);
  const edges = useMemo(() => flowEdges(graph, new Set(chosen.links)), [graph, version, chosen.links]);
  const { nodes, onDragChanges, dragHandlers } = useDragging(tab, graph, shown);

  const onNodesChange = useCallback((changes: NodeChange[]) => {
    onDragChanges(changes);
    const picks = changes.filter((change) => change.type === 'select');
    if (picks.length > 0) applySelection(picks);
  }, [onDragChanges]);

  const onEdgesChange = useCallback((changes: EdgeChange[]) => {
    const links = new Set(useSelection.getState().links);
    for (const change of changes) {
      if (change.type === 'select') change.selected ? links.add(change.id) : links.delete(change.id);
    }
    useSelection.setState({ links: [...links] });
  }, []);

  const ends = (connection: Connection | Edge) => {
    const from = readHandle(connection.sourceHandle ?? '');
    const to = readHandle(connection.targetHandle ?? '');
    if (!('output' in from) || !('input' in to)) return null;
    return { from: { node: connection.source, slot: from.output }, to: { node: connection.target, input: to.input } };
  };
  const isValid = useCallback((connection: Connection | Edge) => {
    const found = ends(connection);
    return found !== null && whyNotConnect(tab, graph.id, found.from, found.to) === undefined;
  }, [tab, graph.id]);
  const onConnect = useCallback((connection: Connection) => {
    const found = ends(connection);
    if (found) link(tab, graph.id, found.from, found.to);
  }, [tab, graph.id]);

  const begin = useCallback((_event: unknown, { nodeId, handleId }: OnConnectStartParams) => {
    if (!nodeId || !handleId) return;
    useConnecting.setState({ from: linkEnd(nodeId, handleId) });
  }, []);
  const finish: OnConnectEnd = useCallback((event, state) => {
    const { from } = useConnecting.getState();
    useConnecting.setState({ from: null });
    const isReconnect = reconnecting.current;
    reconnecting.current = false;
    if (!from || state.isValid || isReconnect) return;
    const at = 'clientX' in event ? event : event.changedTouches[0];
    if (state.toHandle) {
      const to = state.toHandle.id && state.toNode && linkEnd(state.toNode.id, state.toHandle.id);
      if (to && (to.end.node !== from.end.node || to.side === from.side)) refuseLink(tab, graph.id, from, to);
      return;
    }
    if (at && (event.target as Element).classList.contains('react-flow__pane')) dropOnCanvas(from, { x: at.clientX, y: at.clientY });
  }, [tab, graph.id]);

  const nodeColour = useCallback((node: Node) => miniMapColour(tab, node.id), [tab]);
  const context = useMemo(() => ({ tab, graph: graph.id }), [tab, graph.id]);

  return (
    <CanvasContext.Provider value={context}>
      <div
        className="canvas"
        role="application"
        aria-label="Graph. Tab adds a node, arrows walk along links, F6 goes to the next region."
        tabIndex={0}
        data-region="canvas"
        onPointerDownCapture={takeFocus}
        onPointerMove={(event) => setPointer({ x: event.clientX, y: event.clientY })}
        onDoubleClick={(event) => isPane(event) && openNodePalette({ x: event.clientX, y: event.clientY })}
      >
        <ReactFlow
          key={`${tab.id}/${tab.path.join('/')}`}
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onInit={setFlow}
          onNodesChange={onNodesChange}
          onEdgesChange={onEdgesChange}
          isValidConnection={isValid}
          onConnect={onConnect}
          onConnectStart={begin}
          onConnectEnd={finish}
          onClickConnectStart={begin}
          onClickConnectEnd={() => useConnecting.setState({ from: null })}
          onReconnectStart={() => (reconnecting.current = true)}
          onReconnect={(edge, connection) => reconnect(tab, graph.id, edge.id, ends(connection))}
          onReconnectEnd={(_event, edge, _side, state) => !state.isValid && reconnect(tab, graph.id, edge.id, null)}
          onEdgeClick={(event, edge) => clickLink(tab, graph.id, event, edge.id)}
          onNodeDoubleClick={(_event, node) => isNodeId(node.id) && useSelection.setState({ focus: node.id })}
          onNodeContextMenu={(event, node) => {
            event.preventDefault();
            if (isNodeId(node.id) && !chosen.nodes.includes(node.id)) select({ nodes: [node.id] });
            useDialogs.setState({ menu: { x: event.clientX, y: event.clientY, commands: [] } });
          }}
          onPaneContextMenu={(event) => {
            event.preventDefault();
            useDialogs.setState({ menu: { x: event.clientX, y: event.clientY, commands: [] } });
          }}
          {...dragHandlers}
          onlyRenderVisibleElements={graph.nodes.size > CULL_ABOVE}
          defaultViewport={{ x: 40, y: 60, zoom: 1 }}
          fitView={graph.nodes.size > 0}
          fitViewOptions={{ maxZoom: 1, padding: 0.1 }}
          minZoom={0.05}
          maxZoom={4}
          snapToGrid={snap}
          snapGrid={GRID}
          selectionKeyCode={['Shift', 'Control', 'Meta']}
          multiSelectionKeyCode={['Shift', 'Control', 'Meta']}
          selectionMode={SelectionMode.Partial}
          deleteKeyCode={null}
          disableKeyboardA11y
          zoomOnDoubleClick={false}
          elevateNodesOnSelect={false}
          connectionRadius={24}
          proOptions={{ hideAttribution: true }}
        >
          <Background gap={20} size={1.2} color="var(--faint)" />
          {minimap && (
            <MiniMap pannable zoomable nodeColor={nodeColour} nodeStrokeWidth={0} ariaLabel="Overview of the graph" maskColor="var(--mask)" />
          )}
        </ReactFlow>
        <Knife tab={tab} graph={graph} links={indexOf(graph).links} />
      </div>
    </CanvasContext.Provider>
  );
}

function linkEnd(node: string, handle: string): LinkEnd {
  const socket = readHandle(handle);
  return 'output' in socket ? { side: 'output', end: { node, slot: socket.output } } : { side: 'input', end: { node, input: socket.input } };
}

/** A press on the canvas takes the keys there, unless it is on something that takes them itself. */
function takeFocus(event: PointerEvent<HTMLElement>): void {
  if (!(event.target as Element).closest('input, textarea, select, button')) event.currentTarget.focus({ preventScroll: true });
}

function isPane(event: MouseEvent): boolean {
  return (event.target as Element).classList.contains('react-flow__pane');
}

function applySelection(changes: Extract<NodeChange, { type: 'select' }>[]): void {
  const { nodes, groups, reroutes } = useSelection.getState();
  const sets = { nodes: new Set(nodes), groups: new Set(groups), reroutes: new Set(reroutes) };
  let focus = '';
  for (const { id, selected } of changes) {
    const [kind, own] = id.startsWith('group:') ? ['groups' as const, id.slice(6)]
      : id.startsWith('reroute:') ? ['reroutes' as const, id.slice(8)] : ['nodes' as const, id];
    if (selected) sets[kind].add(own);
    else sets[kind].delete(own);
    if (selected && kind === 'nodes') focus = own;
  }
  const list = [...sets.nodes];
  useSelection.setState({ nodes: list, groups: [...sets.groups], reroutes: [...sets.reroutes], focus: focus || (list.at(-1) ?? '') });
}
