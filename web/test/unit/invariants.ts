// What must hold of every document at every moment. Returns what does not.

import { allGraphs, INPUT_NODE, OUTPUT_NODE, type Document, type Graph } from '../../src/model/document';
import { indexOf } from '../../src/model/links';

export function violations(document: Document): string[] {
  return [...allGraphs(document).flatMap(graphViolations), ...nesting(document)];
}

function graphViolations(graph: Graph): string[] {
  const found: string[] = [];
  const held = new Map<string, string>();
  for (const node of graph.nodes) {
    node.inputs.forEach((input, slot) => {
      if (input.link === null) return;
      const link = graph.links.get(input.link);
      if (held.has(input.link)) found.push(`link ${input.link} is held by ${held.get(input.link)} and ${node.id}`);
      held.set(input.link, node.id);
      if (link === undefined) return void found.push(`node ${node.id} holds link ${input.link}, which is gone`);
      if (link.to !== node.id || link.toSlot !== slot) found.push(`link ${link.id} says ${link.to}.${link.toSlot}, node ${node.id}.${slot} holds it`);
    });
    node.outputs.forEach((output, slot) => output.links.forEach((id) => {
      const link = graph.links.get(id);
      if (link === undefined) found.push(`output ${node.id}.${slot} lists link ${id}, which is gone`);
      else if (link.from !== node.id || link.fromSlot !== slot) found.push(`output ${node.id}.${slot} lists link ${id} from ${link.from}.${link.fromSlot}`);
    }));
  }
  for (const link of graph.links) {
    if (link.to !== OUTPUT_NODE && held.get(link.id) !== link.to) found.push(`link ${link.id} is held by nobody`);
    if (link.to === OUTPUT_NODE && !graph.header.outputs[link.toSlot]?.links.includes(link.id)) found.push(`output ${link.toSlot} of the subgraph does not list link ${link.id}`);
    if (link.from === INPUT_NODE && !graph.header.inputs[link.fromSlot]?.links.includes(link.id)) found.push(`input ${link.fromSlot} of the subgraph does not list link ${link.id}`);
    const source = graph.nodes.get(link.from);
    if (link.from !== INPUT_NODE && !source?.outputs[link.fromSlot]?.links.includes(link.id)) found.push(`link ${link.id} comes from nowhere (${link.from}.${link.fromSlot})`);
    if (link.parent !== null && !graph.reroutes.has(link.parent)) found.push(`link ${link.id} passes reroute ${link.parent}, which is gone`);
  }
  const { links, broken } = indexOf(graph);
  found.push(...broken.map((each) => each.reason));
  for (const reroute of graph.reroutes) {
    if (reroute.parent !== null && !graph.reroutes.has(reroute.parent)) found.push(`reroute ${reroute.id} has no parent`);
    const passing = links.filter((link) => link.reroutes.includes(reroute.id)).map((link) => link.id).sort();
    if (passing.join() !== [...reroute.links].sort().join()) found.push(`reroute ${reroute.id} lists ${reroute.links}, but ${passing} pass`);
  }
  for (const slot of [...graph.header.inputs, ...graph.header.outputs]) {
    for (const id of slot.links) if (!graph.links.has(id)) found.push(`the boundary lists link ${id}, which is gone`);
  }
  if (hasCycle(graph)) found.push(`there is a circle in graph ${graph.id}`);
  for (const id of graph.nodes.ids()) if (Number(id) > graph.header.lastNode) found.push(`node ${id} is above the last id`);
  for (const id of graph.links.ids()) if (Number(id) > graph.header.lastLink) found.push(`link ${id} is above the last id`);
  return found;
}

function hasCycle(graph: Graph): boolean {
  const { to } = indexOf(graph);
  const left = new Map(graph.nodes.ids().map((id) => [id, (to.get(id) ?? []).filter((link) => link.from !== INPUT_NODE).length]));
  const queue = graph.nodes.ids().filter((id) => left.get(id) === 0);
  for (let i = 0; i < queue.length; i++) {
    for (const link of indexOf(graph).from.get(queue[i] as string) ?? []) {
      const count = (left.get(link.to) ?? 0) - 1;
      left.set(link.to, count);
      if (count === 0 && link.to !== OUTPUT_NODE) queue.push(link.to);
    }
  }
  return queue.length !== graph.nodes.size;
}

function nesting(document: Document): string[] {
  const inner = (id: string) => document.definitions.get(id)?.nodes.rows().map((node) => node.type) ?? [];
  return document.definitions.ids().filter((start) => {
    const seen = new Set<string>();
    const queue = inner(start);
    for (let type = queue.pop(); type !== undefined; type = queue.pop()) {
      if (type === start) return true;
      if (!seen.has(type)) queue.push(...inner(type));
      seen.add(type);
    }
    return false;
  }).map((id) => `subgraph ${id} stands inside itself`);
}
