// The sockets of a node: what its declaration says joined with what its file says. Inputs are matched by name, outputs by
// position.

import type { InputDefinition, NodeDefinition } from './definition';
import type { GraphNode, LinkId } from './document';

export interface InputView {
  /// Names the input within its node: its name, unless another one before it has the same.
  readonly key: string;
  readonly label: string;
  readonly type: string;
  readonly link: LinkId | null;
  /// Its place in node.inputs; -1 where the file does not list it.
  readonly index: number;
  readonly required: boolean;
  /// undefined where the declaration does not know it.
  readonly definition: InputDefinition | undefined;
}

export interface OutputView {
  readonly index: number;
  readonly label: string;
  readonly type: string;
  readonly links: readonly LinkId[];
  readonly tooltip: string;
}

/// Sockets without a widget, then those of widgets, each in order of declaration, then undeclared ones.
export function inputViews(node: GraphNode, definition: NodeDefinition | undefined): InputView[] {
  const keys = inputKeys(node);
  const declared = definition?.inputs ?? [];
  const ordered = [...declared.filter((input) => input.widget === null), ...declared.filter((input) => input.widget !== null)];
  const names = new Set(declared.map((input) => input.name));
  const known = ordered.map((input): InputView => {
    const index = keys.indexOf(input.name);
    const socket = node.inputs[index];
    // A reroute takes the type of what it passes on.
    const type = input.type === '*' ? (socket?.type ?? '*') : input.type;
    return { key: input.name, label: socket?.label ?? input.name, type, link: socket?.link ?? null, index, required: input.required, definition: input };
  });
  const surprises = keys.flatMap((key, index): InputView[] => {
    const socket = node.inputs[index];
    if (names.has(key) || socket === undefined) return [];
    return [{ key, label: socket.label ?? key, type: socket.type, link: socket.link, index, required: false, definition: undefined }];
  });
  return [...known, ...surprises];
}

export function inputView(node: GraphNode, definition: NodeDefinition | undefined, key: string): InputView | undefined {
  return inputViews(node, definition).find((view) => view.key === key);
}

export function outputViews(node: GraphNode, definition: NodeDefinition | undefined): OutputView[] {
  const count = Math.max(node.outputs.length, definition?.outputs.length ?? 0);
  return Array.from({ length: count }, (_, index) => {
    const socket = node.outputs[index];
    const declared = definition?.outputs[index];
    const type = declared === undefined || declared.type === '*' ? (socket?.type ?? '*') : declared.type;
    const label = socket?.label ?? declared?.name ?? socket?.name ?? '';
    return { index, label: label || type, type, links: socket?.links ?? [], tooltip: declared?.tooltip ?? '' };
  });
}

export function inputKeys(node: GraphNode): string[] {
  return uniqueKeys(node.inputs.map((input) => input.name));
}

/// Names as keys: the second "image" is "image (2)".
export function uniqueKeys(names: readonly string[]): string[] {
  const used = new Set<string>();
  return names.map((name) => {
    let key = name;
    for (let count = 2; used.has(key); count++) key = `${name} (${count})`;
    used.add(key);
    return key;
  });
}
