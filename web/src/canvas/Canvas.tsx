import { ReactFlow, SelectionMode, type NodeChange } from '@xyflow/react';
import { useCallback, useLayoutEffect, useMemo, useRef, type MouseEvent, type PointerEvent } from 'react';
import { indexOf } from '../model/links';
import { useDialogs } from '../state/dialogs';
import { usePreferences } from '../state/preferences';
import { useRuns } from '../state/runs';
import { select, useSelection } from '../state/selection';
import { shownGraph, useTabs, type Tab } from '../state/tabs';
import { Afar } from './Afar';
import { collapseGroups, withoutHidden } from './collapsing';
import { CanvasContext } from './context';
import { useDragging } from './dragging';
import { flowEdges } from './flow_edges';
import { flowNodes, isNodeId } from './flow_nodes';
import { clickLink, openNodePalette } from './gestures';
import { Grid } from './Grid';
import { hoverAt, nodeAt, nodesBetween } from './hovering';
import { Knife } from './Knife';
import { LinkEdge } from './LinkEdge';
import { useLinking } from './linking';
import { watchLongPress } from './long_press';
import { MiniMap } from './MiniMap';
import { MoveLinks } from './MoveLinks';
import { BoundaryBox, GroupBox, NoteNode, RerouteDot } from './OtherNodes';
import { usePageNodes } from './page_nodes';
import { useScene } from './picture';
import { applyLinkSelection, applySelection, selectShown } from './selecting';
import { StepNode } from './StepNode';
import { firstView, fitAllAtOnce, MAX_ZOOM, MIN_ZOOM, setFlow, setPointer, setShown } from './view';

const nodeTypes = { step: StepNode, note: NoteNode, 'group-box': GroupBox, reroute: RerouteDot, boundary: BoundaryBox };
const edgeTypes = { link: LinkEdge };
const GRID: [number, number] = [10, 10];
const SEVERAL = ['Shift', 'Control', 'Meta'];

export function Canvas({ tab }: { tab: Tab }) {
  const version = useTabs((state) => state.version);
  const chosen = useSelection();
  const made = useRuns((runs) => runs.made[tab.id]);
  const previews = useRuns((runs) => runs.previews[tab.id]);
  const graph = shownGraph(tab);
  const { minimap, snap } = usePreferences();

  const unmoved = useMemo(() => {
    const sets = { nodes: new Set(chosen.nodes), groups: new Set(chosen.groups), reroutes: new Set(chosen.reroutes) };
    return flowNodes(tab, graph, sets, made ?? {}, previews ?? {});
    // The version stands for the graph, which keeps its identity.
  }, [tab, graph, version, chosen, made, previews]);
  const index = indexOf(graph);
  const links = useMemo(() => flowEdges(graph, new Set(chosen.links)), [graph, index, chosen.links]);
  const { nodes: moved, onDragChanges, dragHandlers } = useDragging(tab, graph, unmoved);
  const nodes = useMemo(() => collapseGroups(moved), [moved]);
  const edges = useMemo(() => withoutHidden(links, nodes), [links, nodes]);
  const page = usePageNodes(nodes, edges);
  const scene = useScene(tab, nodes, edges);
  const linking = useLinking(tab, graph.id);
  const place = `${tab.id}/${tab.path.join('/')}`;
  const first = useMemo(() => firstView(nodes), [place]);
  const boxFrom = useRef({ x: 0, y: 0 });
  useLayoutEffect(() => setShown(nodes), [nodes]);

  const onNodesChange = useCallback((changes: NodeChange[]) => {
    onDragChanges(changes);
    applySelection(changes);
  }, [onDragChanges]);
  const context = useMemo(() => ({ tab, graph: graph.id }), [tab, graph.id]);

  return (
    <CanvasContext.Provider value={context}>
      <div
        className="canvas"
        role="application"
        aria-label="Graph. Tab adds a node, arrows walk along links, F6 goes to the next region."
        tabIndex={0}
        data-region="canvas"
        onPointerDownCapture={(event) => {
          takeFocus(event);
          watchLongPress(event);
        }}
        onPointerMove={(event) => {
          setPointer(placeOf(event));
          if (page.isAfar && event.buttons === 0) hoverAt(nodes, placeOf(event));
        }}
        onDoubleClick={(event) => isPane(event) && openNodePalette(placeOf(event))}
      >
        <ReactFlow
          key={place}
          nodes={page.nodes}
          edges={page.edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onInit={(flow) => {
            setFlow(flow);
            fitAllAtOnce();
          }}
          onNodesChange={onNodesChange}
          onEdgesChange={applyLinkSelection}
          {...linking}
          {...dragHandlers}
          onEdgeClick={(event, edge) => clickLink(tab, graph.id, event, edge.id)}
          onNodeClick={(event, node) => {
            // Of several that are selected, a click leaves this one.
            if (!event.shiftKey && !event.ctrlKey && !event.metaKey && node.selected) selectShown([node.id]);
          }}
          onNodeDoubleClick={(_event, node) => isNodeId(node.id) && useSelection.setState({ focus: node.id })}
          onNodeContextMenu={(event, node) => {
            if (isNodeId(node.id) && !chosen.nodes.includes(node.id)) select({ nodes: [node.id] });
            openMenu(event);
          }}
          onPaneContextMenu={openMenu}
          onPaneClick={(event) => {
            const node = page.isAfar ? nodeAt(nodes, placeOf(event)) : undefined;
            if (node) selectShown([node.id]);
          }}
          onSelectionStart={(event) => (boxFrom.current = placeOf(event))}
          onSelectionEnd={(event) => {
            if (page.isAfar) selectShown(nodesBetween(nodes, boxFrom.current, placeOf(event)).map(({ id }) => id));
          }}
          defaultViewport={first}
          minZoom={MIN_ZOOM}
          maxZoom={MAX_ZOOM}
          snapToGrid={snap}
          snapGrid={GRID}
          selectionKeyCode={SEVERAL}
          multiSelectionKeyCode={SEVERAL}
          selectionMode={SelectionMode.Partial}
          deleteKeyCode={null}
          disableKeyboardA11y
          zoomOnDoubleClick={false}
          elevateNodesOnSelect={false}
          connectionRadius={24}
          proOptions={{ hideAttribution: true }}
        >
          {page.isAfar ? <Afar scene={scene} /> : <Grid />}
          {minimap && <MiniMap scene={scene} />}
        </ReactFlow>
        <Knife tab={tab} graph={graph} nodes={nodes} edges={edges} />
        <MoveLinks tab={tab} graph={graph} />
      </div>
    </CanvasContext.Provider>
  );
}

const placeOf = ({ clientX, clientY }: { clientX: number; clientY: number }) => ({ x: clientX, y: clientY });

function openMenu(event: MouseEvent | globalThis.MouseEvent): void {
  event.preventDefault();
  useDialogs.setState({ menu: { ...placeOf(event), commands: [] } });
}

/** A press on the canvas takes the keys there, unless it is on something that takes them itself. */
function takeFocus(event: PointerEvent<HTMLElement>): void {
  if (!(event.target as Element).closest('input, textarea, select, button')) event.currentTarget.focus({ preventScroll: true });
}

function isPane(event: MouseEvent): boolean {
  return (event.target as Element).classList.contains('react-flow__pane');
}
