// Where things are on a node, from its declaration alone: React Flow is told sizes and sockets up front and measures
// nothing. tokens of canvas.css say the same heights.

import type { NodeDefinition } from '../model/definition';
import type { GraphNode } from '../model/document';
import { inputViews, outputViews, type InputView, type OutputView } from '../model/sockets';

export const TITLE = 30;
export const ROW = 24;
export const WIDGET = 30;
export const TEXT = 76;
export const UPLOAD = 34;
export const PICTURE = 180;
export const PAD = 6;
export const MIN_WIDTH = 150;

export interface WidgetPlace {
  input: InputView;
  y: number;
  height: number;
}

export interface NodeLayout {
  width: number;
  height: number;
  inputs: { input: InputView; y: number }[];
  outputs: { output: OutputView; y: number }[];
  widgets: WidgetPlace[];
  /** Where pictures begin; null: there is none. */
  picture: { y: number; height: number } | null;
}

export const isCollapsed = (node: GraphNode): boolean => node.flags.collapsed === true;

function widgetHeight(input: InputView): number {
  const widget = input.definition?.widget;
  if (widget?.kind === 'text' && widget.multiline) return TEXT;
  if (widget?.kind === 'choice' && widget.upload) return WIDGET + UPLOAD;
  if (widget && 'control' in widget && widget.control) return WIDGET * 2;
  return WIDGET;
}

const canGrow = ({ input }: WidgetPlace): boolean => {
  const widget = input.definition?.widget;
  return widget?.kind === 'text' && widget.multiline;
};

export function layoutOf(node: GraphNode, definition: NodeDefinition | undefined, hasPicture: boolean): NodeLayout {
  const views = inputViews(node, definition);
  const outs = outputViews(node, definition);
  const width = Math.max(MIN_WIDTH, Math.round(node.size[0]));
  if (isCollapsed(node)) {
    const y = TITLE / 2;
    return {
      width: Math.min(width, 220), height: TITLE, widgets: [], picture: null,
      inputs: views.filter((input) => !input.definition?.widget || input.link !== null).map((input) => ({ input, y })),
      outputs: outs.map((output) => ({ output, y })),
    };
  }
  const sockets = views.filter((input) => !input.definition?.widget);
  const top = TITLE + PAD;
  const inputs = sockets.map((input, i) => ({ input, y: top + i * ROW + ROW / 2 }));
  const outputs = outs.map((output, i) => ({ output, y: top + i * ROW + ROW / 2 }));
  let y = top + Math.max(sockets.length, outs.length) * ROW;
  const widgets = views.filter((input) => input.definition?.widget).map((input): WidgetPlace => {
    const place = { input, y, height: widgetHeight(input) };
    y += place.height;
    return place;
  });
  const unknown = definition === undefined && node.values !== undefined ? TEXT : 0;
  const least = y + unknown + PAD;
  const spare = Math.max(0, Math.round(node.size[1]) + TITLE - least);
  const isUpload = widgets.some(({ input }) => input.definition?.widget?.kind === 'choice' && input.definition.widget.upload);
  const picture = hasPicture || isUpload ? { y: least, height: Math.max(spare, PICTURE) } : null;
  if (!picture) grow(widgets, spare);
  for (const place of widgets) inputs.push({ input: place.input, y: place.y + WIDGET / 2 });
  return { width, height: least + (picture?.height ?? spare), inputs, outputs, widgets, picture };
}

/** Long texts take the room that the node has to spare. */
function grow(widgets: WidgetPlace[], spare: number): void {
  const share = Math.floor(spare / Math.max(1, widgets.filter(canGrow).length));
  let shift = 0;
  for (const place of widgets) {
    place.y += shift;
    if (!canGrow(place)) continue;
    place.height += share;
    shift += share;
  }
}
