// The document: ComfyUI's editor format in memory. Rows are never changed, only replaced, and only by operations
// (operations.ts) inside a transaction (editor.ts). `raw` is the record as it was read: the writer keeps all of it that no
// command changed, so what the editor does not know survives.
//
// Ids are texts throughout, whatever the file has.

import type { Json, JsonObject } from './json';
import type { ReadonlyTable, Table } from './table';

export type NodeId = string;
export type LinkId = string;
export type GroupId = string;
export type RerouteId = string;
/// ROOT, or the id of a subgraph's definition.
export type GraphId = string;

export const ROOT: GraphId = '';

/// The two ends of a subgraph, as links inside it name them.
export const INPUT_NODE: NodeId = '-10';
export const OUTPUT_NODE: NodeId = '-20';

export type Point = readonly [x: number, y: number];
export type Rect = readonly [x: number, y: number, width: number, height: number];

export const MODE_ON = 0;
export const MODE_MUTED = 2;
export const MODE_BYPASSED = 4;

export interface InputSocket {
  readonly name: string;
  readonly type: string;
  readonly link: LinkId | null;
  /// The name of the widget that this socket feeds, if it has one.
  readonly widget: string | null;
  readonly label: string | null;
  readonly raw: Json;
}

export interface OutputSocket {
  readonly name: string;
  readonly type: string;
  readonly links: readonly LinkId[];
  readonly label: string | null;
  readonly raw: Json;
}

export interface GraphNode {
  readonly id: NodeId;
  readonly type: string;
  readonly pos: Point;
  readonly size: Point;
  /// 0 on, 2 muted, 4 bypassed; others count as on.
  readonly mode: number;
  /// Its own title; null where it shows the name of its type.
  readonly title: string | null;
  readonly color: string | null;
  readonly bgcolor: string | null;
  /// `collapsed`, `pinned` and what else the file has.
  readonly flags: JsonObject;
  readonly inputs: readonly InputSocket[];
  readonly outputs: readonly OutputSocket[];
  /// `widgets_values` as it stands; values.ts reads it by the declarations.
  readonly values: Json | undefined;
  readonly properties: JsonObject;
  readonly raw: Json;
}

/// As the file lists it. Which input it feeds is said by the input that holds its id: see links.ts.
export interface Link {
  readonly id: LinkId;
  readonly from: NodeId;
  readonly fromSlot: number;
  readonly to: NodeId;
  readonly toSlot: number;
  readonly type: string;
  /// The last reroute before the target.
  readonly parent: RerouteId | null;
  /// null for a link that was made here.
  readonly raw: Json;
  /// An entry of the list that is no link (null, say): kept, and of no effect.
  readonly broken: boolean;
}

/// A point on links. `parent` is the one before it, towards the source.
export interface Reroute {
  readonly id: RerouteId;
  readonly pos: Point;
  readonly parent: RerouteId | null;
  readonly links: readonly LinkId[];
  readonly raw: Json;
}

export interface Group {
  readonly id: GroupId;
  readonly title: string;
  readonly bounding: Rect;
  readonly color: string | null;
  readonly flags: JsonObject;
  readonly raw: Json;
}

/// An input or output of a subgraph.
export interface BoundarySlot {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly label: string | null;
  readonly links: readonly LinkId[];
  readonly raw: Json;
}

/// What belongs to a graph as a whole.
export interface GraphHeader {
  readonly lastNode: number;
  readonly lastLink: number;
  readonly lastGroup: number;
  readonly lastReroute: number;
  /// Of a subgraph; "" for the root.
  readonly name: string;
  readonly inputs: readonly BoundarySlot[];
  readonly outputs: readonly BoundarySlot[];
  /// Where the boxes of a subgraph's inputs and outputs stand.
  readonly inputBox: Rect;
  readonly outputBox: Rect;
  readonly extra: JsonObject;
  readonly raw: JsonObject;
}

/// Tables of a graph and their rows.
export interface Rows {
  readonly nodes: GraphNode;
  readonly links: Link;
  readonly groups: Group;
  readonly reroutes: Reroute;
}
export type TableName = keyof Rows;

export interface Graph {
  readonly id: GraphId;
  readonly header: GraphHeader;
  readonly nodes: ReadonlyTable<GraphNode>;
  readonly links: ReadonlyTable<Link>;
  readonly groups: ReadonlyTable<Group>;
  readonly reroutes: ReadonlyTable<Reroute>;
  /// Counts up with every operation on this graph; what is derived from it is remembered by this number.
  readonly version: number;
  /// The same, for operations that may change what is linked to what.
  readonly wiring: number;
}

export interface Document {
  readonly root: Graph;
  /// The subgraphs' definitions.
  readonly definitions: ReadonlyTable<Graph>;
}

/// The same for operations.ts and the readers in io/, which alone may write.
export interface MutableGraph extends Graph {
  header: GraphHeader;
  readonly nodes: Table<GraphNode>;
  readonly links: Table<Link>;
  readonly groups: Table<Group>;
  readonly reroutes: Table<Reroute>;
  version: number;
  wiring: number;
}
export interface MutableDocument extends Document {
  readonly root: MutableGraph;
  readonly definitions: Table<MutableGraph>;
}

export function graphOf(document: Document, id: GraphId): Graph | undefined {
  return id === ROOT ? document.root : document.definitions.get(id);
}

export function allGraphs(document: Document): Graph[] {
  return [document.root, ...document.definitions];
}

/// The graph that one sees after entering the subgraphs of these nodes, one after the other; undefined if there is none.
export function graphAtPath(document: Document, path: readonly NodeId[]): Graph | undefined {
  let graph: Graph | undefined = document.root;
  for (const id of path) {
    const node: GraphNode | undefined = graph?.nodes.get(id);
    graph = node && document.definitions.get(node.type);
  }
  return graph;
}
