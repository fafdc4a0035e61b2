// A small document to try commands on: text to image, from the declarations kept in the repository.

import { emptyDocument, writeDocument } from '../../src/io/editor_format';
import { ROOT, type GraphNode, type NodeId } from '../../src/model/document';
import { Editor } from '../../src/model/editor';
import { writeJson } from '../../src/model/json';
import { indexOf } from '../../src/model/links';
import { readObjectInfo } from '../../src/model/object_info';
import type { Outcome } from '../../src/model/outcome';
import { connect } from '../../src/model/commands/links';
import { addNode } from '../../src/model/commands/nodes';
import { goldenJson } from './golden_files';

export const registry = readObjectInfo(goldenJson('object_info.json'));

export function definition(type: string) {
  const found = registry.get(type);
  if (found === undefined) throw new Error(`no ${type}`);
  return found;
}

export function value<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

export class Scene {
  readonly editor = new Editor(emptyDocument(), registry);

  add(type: string, x = 0, y = 0): NodeId {
    return this.editor.transact('Add', (tx) => value(addNode(tx, ROOT, definition(type), [x, y])));
  }

  link(from: NodeId, slot: number, to: NodeId, input: string): string | null {
    const outcome = this.editor.transact('Connect', (tx) => connect(tx, ROOT, { node: from, slot }, { node: to, input }));
    return outcome.ok ? null : outcome.reason;
  }

  node(id: NodeId): GraphNode {
    return this.editor.document.root.nodes.get(id) as GraphNode;
  }

  get saved(): string {
    return writeJson(writeDocument(this.editor.document));
  }

  /// "from.slot>to.input" of every link, sorted.
  get wires(): string[] {
    return indexOf(this.editor.document.root).links.map((link) => `${link.from}.${link.fromSlot}>${link.to}.${link.input}`).sort();
  }
}

/// 1 checkpoint, 2 LoRA, 3 and 4 prompts, 5 size, 6 sampler, 7 decoder, 8 saver.
export function txt2img(): Scene {
  const scene = new Scene();
  ['CheckpointLoaderSimple', 'LoraLoader', 'CLIPTextEncode', 'CLIPTextEncode', 'EmptyLatentImage', 'KSampler', 'VAEDecode', 'SaveImage'].forEach((type, i) => scene.add(type, i * 300));
  const links: [string, number, string, string][] = [
    ['1', 0, '2', 'model'], ['1', 1, '2', 'clip'], ['2', 1, '3', 'clip'], ['2', 1, '4', 'clip'], ['2', 0, '6', 'model'], ['3', 0, '6', 'positive'],
    ['4', 0, '6', 'negative'], ['5', 0, '6', 'latent_image'], ['6', 0, '7', 'samples'], ['1', 2, '7', 'vae'], ['7', 0, '8', 'images'],
  ];
  for (const link of links) {
    const reason = scene.link(...link);
    if (reason !== null) throw new Error(reason);
  }
  return scene;
}
