// Drawing links with the pointer: React Flow's events as commands.

import { useStoreApi, type Connection, type Edge, type OnConnectEnd, type OnConnectStartParams } from '@xyflow/react';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import type { GraphId } from '../model/document';
import type { Tab } from '../state/tabs';
import { useConnecting, type LinkEnd } from './connecting';
import { link, whyNotConnect } from './edit';
import { dropOnCanvas, reconnect } from './gestures';
import { readHandle } from './handles';
import { refuseLink } from './refusal';

export function useLinking(tab: Tab, graph: GraphId) {
  const reconnecting = useRef(false);
  const isValidConnection = useCallback((connection: Connection | Edge) => {
    const found = endsOf(connection);
    return found !== null && whyNotConnect(tab, graph, found.from, found.to) === undefined;
  }, [tab, graph]);
  const onConnectEnd: OnConnectEnd = useCallback((event, state) => {
    const { from } = useConnecting.getState();
    useConnecting.setState({ from: null });
    const isReconnect = reconnecting.current;
    reconnecting.current = false;
    if (!from || state.isValid || isReconnect) return;
    const at = 'clientX' in event ? event : event.changedTouches[0];
    if (state.toHandle) {
      const to = state.toHandle.id && state.toNode && linkEnd(state.toNode.id, state.toHandle.id);
      if (to && (to.end.node !== from.end.node || to.side === from.side)) refuseLink(tab, graph, from, to);
      return;
    }
    if (at && (event.target as Element).classList.contains('react-flow__pane')) dropOnCanvas(from, { x: at.clientX, y: at.clientY });
  }, [tab, graph]);

  const store = useStoreApi();
  useEffect(() => {
    const cancel = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || !useConnecting.getState().from) return;
      event.stopPropagation();
      useConnecting.setState({ from: null });
      store.setState({ connectionClickStartHandle: null });
      // React Flow knows no other end of a gesture than letting go: that is done far from everything.
      for (const type of ['mousemove', 'mouseup']) document.dispatchEvent(new MouseEvent(type, { clientX: -9999, clientY: -9999 }));
    };
    window.addEventListener('keydown', cancel, true);
    return () => window.removeEventListener('keydown', cancel, true);
  }, [store]);

  return useMemo(() => ({
    isValidConnection,
    onConnectEnd,
    onConnect: (connection: Connection) => {
      const found = endsOf(connection);
      if (found) link(tab, graph, found.from, found.to);
    },
    onConnectStart: begin,
    onClickConnectStart: begin,
    onClickConnectEnd: () => useConnecting.setState({ from: null }),
    onReconnectStart: () => (reconnecting.current = true),
    onReconnect: (edge: Edge, connection: Connection) => reconnect(tab, graph, edge.id, endsOf(connection)),
    onReconnectEnd: (_event: unknown, edge: Edge, _side: unknown, state: { isValid: boolean | null }) => {
      if (!state.isValid) reconnect(tab, graph, edge.id, null);
    },
  }), [tab, graph, isValidConnection, onConnectEnd]);
}

function endsOf(connection: Connection | Edge) {
  const from = readHandle(connection.sourceHandle ?? '');
  const to = readHandle(connection.targetHandle ?? '');
  if (!('output' in from) || !('input' in to)) return null;
  return { from: { node: connection.source, slot: from.output }, to: { node: connection.target, input: to.input } };
}

function begin(_event: unknown, { nodeId, handleId }: OnConnectStartParams): void {
  if (nodeId && handleId) useConnecting.setState({ from: linkEnd(nodeId, handleId) });
}

export function linkEnd(node: string, handle: string): LinkEnd {
  const socket = readHandle(handle);
  return 'output' in socket ? { side: 'output', end: { node, slot: socket.output } } : { side: 'input', end: { node, input: socket.input } };
}
