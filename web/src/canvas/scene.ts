// A graph as a picture: what is drawn of it from afar, and in the overview map.

import type { Node } from '@xyflow/react';
import { boxOf, meets, type Box } from './culling';
import type { LinkEdge } from './flow_edges';
import { bendsOf, pointsOf } from './link_geometry';

export interface SceneNode extends Box {
  id: string;
  title: string;
  /** Of the title, as CSS says it. */
  colour: string;
  selected: boolean;
}

export interface Scene {
  nodes: SceneNode[];
  groups: SceneNode[];
  /** Links by colour. */
  links: Map<string, Path2D>;
}

/** The place of the picture: graph's units times zoom plus offset are pixels. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

export function sceneOf(nodes: readonly Node[], edges: readonly LinkEdge[], look: (node: Node) => { title: string; colour: string }): Scene {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const scene: Scene = { nodes: [], groups: [], links: new Map() };
  for (const node of nodes) {
    if (node.type === 'reroute' || node.hidden) continue;
    const drawn = { ...boxOf(node), ...look(node), id: node.id, selected: node.selected === true };
    (node.type === 'group-box' ? scene.groups : scene.nodes).push(drawn);
  }
  for (const edge of edges) {
    const points = pointsOf(edge, byId);
    if (!points) continue;
    const colour = edge.data?.colour ?? 'var(--line)';
    const path = scene.links.get(colour) ?? new Path2D();
    scene.links.set(colour, path);
    path.moveTo(...points[0]!);
    for (const { out, in: into, to } of bendsOf(points)) path.bezierCurveTo(...out, ...into, ...to);
  }
  return scene;
}

const TITLE = 30;
/** A box that is this wide on the screen has room for its title. */
const TITLED = 48;
const FONT = 9;

/** Draws what of the scene lies in the view; `colourOf` resolves the page's colours. */
export function drawScene(context: CanvasRenderingContext2D, scene: Scene, view: View, size: { width: number; height: number }, colourOf: (name: string) => string): void {
  const { x, y, zoom } = view;
  const part: Box = { x: -x / zoom, y: -y / zoom, width: size.width / zoom, height: size.height / zoom };
  for (const group of scene.groups.filter((box) => meets(box, part))) drawGroup(context, group, view, colourOf);
  context.save();
  context.setTransform(context.getTransform().translate(x, y).scale(zoom));
  context.lineWidth = 1 / zoom;
  for (const [colour, path] of scene.links) {
    context.strokeStyle = colourOf(colour);
    context.stroke(path);
  }
  context.restore();
  for (const node of scene.nodes) if (meets(node, part)) drawNode(context, node, view, colourOf);
}

function drawNode(context: CanvasRenderingContext2D, node: SceneNode, { x, y, zoom }: View, colourOf: (name: string) => string): void {
  const [left, top, width, height] = [node.x * zoom + x, node.y * zoom + y, Math.max(2, node.width * zoom), Math.max(2, node.height * zoom)];
  context.fillStyle = colourOf('var(--node)');
  context.fillRect(left, top, width, height);
  context.fillStyle = colourOf(node.colour);
  context.fillRect(left, top, width, Math.min(height, Math.max(2, TITLE * zoom)));
  context.strokeStyle = colourOf(node.selected ? 'var(--accent)' : 'var(--line)');
  context.lineWidth = node.selected ? 2 : 1;
  context.strokeRect(left, top, width, height);
  if (width < TITLED || node.title === '') return;
  context.fillStyle = colourOf('var(--text)');
  context.font = `${FONT}px system-ui, sans-serif`;
  context.fillText(node.title.slice(0, Math.floor(width / 5.2)), left + 3, top + TITLE * zoom + FONT);
}

function drawGroup(context: CanvasRenderingContext2D, group: SceneNode, { x, y, zoom }: View, colourOf: (name: string) => string): void {
  const [left, top, width, height] = [group.x * zoom + x, group.y * zoom + y, group.width * zoom, group.height * zoom];
  context.fillStyle = colourOf(group.colour);
  context.globalAlpha = 0.2;
  context.fillRect(left, top, width, height);
  context.globalAlpha = 1;
  context.strokeStyle = colourOf(group.selected ? 'var(--accent)' : group.colour);
  context.strokeRect(left, top, width, height);
  if (width < TITLED) return;
  context.fillStyle = colourOf('var(--text)');
  context.font = '600 12px system-ui, sans-serif';
  context.fillText(group.title.slice(0, Math.floor(width / 7)), left + 4, top + 14);
}

/** Resolves var(--name), once for each name: a theme may change, so make a new one for each picture. */
export function colours(element: Element): (name: string) => string {
  const style = getComputedStyle(element);
  const known = new Map<string, string>();
  return (name) => {
    const found = known.get(name) ?? (name.startsWith('var(') ? style.getPropertyValue(name.slice(4, -1)).trim() || '#888' : name);
    known.set(name, found);
    return found;
  };
}
