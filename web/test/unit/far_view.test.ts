// What is in the page of a large graph, collapsed groups, and plain columns.

import type { Node } from '@xyflow/react';
import { describe, expect, it } from 'vitest';
import { collapseGroups, COLLAPSED_HEIGHT, withoutHidden } from '../../src/canvas/collapsing';
import { inColumns } from '../../src/canvas/columns';
import { around, cull, cullToPicture, partInView } from '../../src/canvas/culling';
import type { LinkEdge } from '../../src/canvas/flow_edges';

const node = (id: string, x: number, y: number, more: Partial<Node> = {}): Node =>
  ({ id, type: 'step', position: { x, y }, width: 100, height: 50, data: {}, ...more });
const edge = (source: string, target: string): LinkEdge => ({ id: `${source}-${target}`, source, target });
const ids = (nodes: Node[], hidden: boolean): string[] => nodes.filter((one) => Boolean(one.hidden) === hidden).map(({ id }) => id);

describe('culling', () => {
  const nodes = [node('left', -5000, 0), node('seen', 10, 10), node('right', 5000, 0), node('far', 5000, 5000), node('chosen', 9000, 0, { selected: true })];
  const edges = [edge('left', 'seen'), edge('left', 'right'), edge('right', 'far')];
  const part = { x: 0, y: 0, width: 1000, height: 800 };

  it('keeps what is seen, links that cross the view with their ends, and what is selected', () => {
    const page = cull(nodes, edges, part);
    expect(ids(page.nodes, false)).toEqual(['seen']);
    expect(ids(page.nodes, true)).toEqual(['left', 'right', 'chosen']);
    expect(page.edges.map(({ id }) => id)).toEqual(['left-seen', 'left-right']);
  });

  it('gives the same objects for the same nodes', () => {
    expect(cull(nodes, edges, part).nodes).toEqual(cull(nodes, edges, part).nodes);
    cull(nodes, edges, part).nodes.forEach((one, i) => expect(one).toBe(cull(nodes, edges, part).nodes[i]));
  });

  it('keeps from afar only what is asked for', () => {
    const page = cullToPicture(nodes, ({ id }) => id === 'far');
    expect(ids(page.nodes, false)).toEqual(['far']);
    expect(ids(page.nodes, true)).toEqual(['chosen']);
    expect(page.edges).toEqual([]);
  });

  it('moves the part on only when the view leaves it', () => {
    const select = partInView();
    const state = (x: number, zoom = 1) => ({ transform: [x, 0, zoom], width: 1000, height: 800 }) as never;
    const first = select(state(0));
    expect(select(state(-100))).toBe(first);
    expect(select(state(-400))).not.toBe(first);
    expect(select(state(0, 4)).width).toBeLessThan(first.width);
  });

  it('knows the box around boxes', () => {
    expect(around([])).toEqual({ x: 0, y: 0, width: 0, height: 0 });
    expect(around([{ x: 1, y: 2, width: 3, height: 4 }, { x: -1, y: 5, width: 1, height: 9 }])).toEqual({ x: -1, y: 2, width: 5, height: 12 });
  });
});

describe('collapsed groups', () => {
  const group = node('group:1', 0, 0, { type: 'group-box', width: 500, height: 300, data: { collapsed: true } });
  const nodes = [group, node('in', 50, 100), node('out', 600, 0)];

  it('hide what is in them, and links end at their sides', () => {
    const shown = collapseGroups(nodes);
    expect(ids(shown, true)).toEqual(['in']);
    expect(shown[0]).toMatchObject({ height: COLLAPSED_HEIGHT, data: { count: 1 } });
    expect(shown[1]).toMatchObject({ position: { x: 0, y: 0 } });
    expect(withoutHidden([edge('in', 'out'), edge('in', 'in')], shown)).toEqual([edge('in', 'out')]);
  });

  it('change nothing where there are none', () => {
    expect(collapseGroups(nodes.slice(1))).toEqual(nodes.slice(1));
  });
});

describe('columns', () => {
  const size = { width: 100, height: 40 };

  it('puts each node after its sources, without overlaps, however deep', () => {
    const names = Array.from({ length: 3000 }, (_, i) => String(i));
    const links = names.slice(1).flatMap((id, i): [string, string][] => [[String(i), id], [String(Math.floor(i / 2)), id]]);
    const places = new Map(inColumns({ nodes: names.map((id) => ({ id, ...size })), links }).map(([id, x, y]) => [id, { x, y }]));
    for (const [from, to] of links) expect(places.get(to)!.x).toBeGreaterThan(places.get(from)!.x);
    expect(new Set([...places.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(3000);
  });

  it('stands apart what has no links', () => {
    const places = inColumns({ nodes: ['a', 'b'].map((id) => ({ id, ...size })), links: [] });
    expect(Math.abs(places[0]![2] - places[1]![2])).toBeGreaterThanOrEqual(size.height);
  });
});
