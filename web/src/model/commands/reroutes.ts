// Native reroutes: points that a link passes. They are drawing only.

import type { GraphId, LinkId, Point, RerouteId } from '../document';
import { indexOf } from '../links';
import { newReroute } from '../new_rows';
import { done, refused, type Outcome } from '../outcome';
import type { Transaction } from '../transaction';

/// Adds a point to a link; `place` counts from the source, the last one by default.
export function addReroute(tx: Transaction, graph: GraphId, link: LinkId, pos: Point, place?: number): Outcome<RerouteId> {
  const live = indexOf(tx.graph(graph)).links.find((other) => other.key === link || other.id === link);
  if (live === undefined) return refused('this link is gone');
  const chain = live.reroutes;
  const at = Math.max(0, Math.min(place ?? chain.length, chain.length));
  const next = chain[at];
  const id = tx.newId(graph, 'reroutes');
  // Links that share the next point come through the new one too.
  const links = next === undefined ? [live.id] : tx.row(graph, 'reroutes', next).links;
  tx.insert(graph, 'reroutes', newReroute(id, pos, links, chain[at - 1] ?? null));
  if (next === undefined) tx.update(graph, 'links', live.id, { parent: id });
  else tx.update(graph, 'reroutes', next, { parent: id });
  return done(id);
}

export function moveReroutes(tx: Transaction, graph: GraphId, ids: readonly RerouteId[], by: Point): void {
  for (const id of ids) {
    const { pos } = tx.row(graph, 'reroutes', id);
    tx.update(graph, 'reroutes', id, { pos: [pos[0] + by[0], pos[1] + by[1]] });
  }
}

/// Takes points out of their links; the links stay.
export function removeReroutes(tx: Transaction, graph: GraphId, ids: readonly RerouteId[]): void {
  for (const id of ids) {
    const { parent } = tx.row(graph, 'reroutes', id);
    for (const other of tx.graph(graph).reroutes.rows()) {
      if (other.parent === id) tx.update(graph, 'reroutes', other.id, { parent });
    }
    for (const link of tx.graph(graph).links.rows()) {
      if (link.parent === id) tx.update(graph, 'links', link.id, { parent });
    }
    tx.remove(graph, 'reroutes', id);
  }
}
