// How large a node stands on the canvas when nothing else is said: known from its definition, without drawing it.

import type { NodeDefinition, WidgetDefinition } from './definition';
import type { Point } from './document';

export const TITLE_HEIGHT = 30;
export const ROW_HEIGHT = 26;
const TEXT_HEIGHT = 104;
const PADDING = 12;

export function defaultSize(definition: NodeDefinition): Point {
  if (definition.origin === 'reroute') return [76, ROW_HEIGHT];
  const widgets = definition.inputs.flatMap((input) => (input.widget === null ? [] : [input.widget]));
  const sockets = Math.max(definition.inputs.length - widgets.length, definition.outputs.length);
  const height = TITLE_HEIGHT + sockets * ROW_HEIGHT + widgets.reduce((sum, widget) => sum + widgetHeight(widget), 0) + PADDING;
  const wide = widgets.some((widget) => widget.kind === 'text' && widget.multiline);
  return [wide ? 400 : 270, Math.max(height, 60)];
}

function widgetHeight(widget: WidgetDefinition): number {
  if (widget.kind === 'text' && widget.multiline) return TEXT_HEIGHT;
  const control = 'control' in widget && widget.control;
  return ROW_HEIGHT * (control ? 2 : 1);
}
