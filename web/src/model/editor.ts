// An open document with its history. One gesture is one call of transact is one step of undo.

import { ROOT, type Document, type GraphId, type MutableDocument, type NodeId } from './document';
import { EMPTY_REGISTRY, type Registry } from './definition';
import { apply, inverse, type Operation } from './operations';
import { Transaction } from './transaction';

export interface HistoryStep {
  readonly label: string;
  readonly operations: readonly Operation[];
  /// Names the state that the document is in after this step.
  readonly state: number;
}

export interface Change {
  readonly label: string;
  readonly cause: 'transact' | 'undo' | 'redo' | 'open' | 'registry';
  readonly operations: readonly Operation[];
}

export interface TransactOptions {
  /// A step with the same text as the one before it joins that one: typing a word is one undo step. See `seal`.
  readonly merge?: string;
}

export type Listener = (change: Change) => void;

export class Editor {
  private current: MutableDocument;
  private nodeTypes: Registry;
  private past: HistoryStep[] = [];
  private future: HistoryStep[] = [];
  private states = 0;
  private openedState = 0;
  private mergeKey: string | null = null;
  private active: Transaction | null = null;
  private readonly listeners = new Set<Listener>();
  private readonly nodeListeners = new Map<string, Set<() => void>>();

  constructor(document: MutableDocument, registry: Registry = EMPTY_REGISTRY) {
    this.current = document;
    this.nodeTypes = registry;
  }

  get document(): Document {
    return this.current;
  }

  get registry(): Registry {
    return this.nodeTypes;
  }

  /// A number that names the present state: the same after undo and redo back to it. Compare it with the one at the last
  /// save to know whether there is anything to save.
  get state(): number {
    return this.past.at(-1)?.state ?? this.openedState;
  }

  get undoLabel(): string | null {
    return this.past.at(-1)?.label ?? null;
  }

  get redoLabel(): string | null {
    return this.future.at(-1)?.label ?? null;
  }

  /// Runs a command. If it throws, the document is as before. If it records nothing, there is no step. A transact inside
  /// another one belongs to the outer one.
  transact<T>(label: string, command: (tx: Transaction) => T, options: TransactOptions = {}): T {
    if (this.active !== null) return command(this.active);
    const tx = new Transaction(this.current, this.nodeTypes);
    this.active = tx;
    let result: T;
    try {
      result = command(tx);
    } catch (error) {
      tx.rollback();
      throw error;
    } finally {
      this.active = null;
    }
    if (tx.operations.length > 0) this.remember(label, tx.operations, options.merge ?? null);
    return result;
  }

  undo(): boolean {
    const step = this.past.pop();
    if (step === undefined) return false;
    const operations = [...step.operations].reverse().map(inverse);
    for (const operation of operations) apply(this.current, operation);
    this.future.push(step);
    this.mergeKey = null;
    this.tell({ label: step.label, cause: 'undo', operations });
    return true;
  }

  redo(): boolean {
    const step = this.future.pop();
    if (step === undefined) return false;
    for (const operation of step.operations) apply(this.current, operation);
    this.past.push(step);
    this.mergeKey = null;
    this.tell({ label: step.label, cause: 'redo', operations: step.operations });
    return true;
  }

  /// Ends the joining of steps (the field has lost the focus).
  seal(): void {
    this.mergeKey = null;
  }

  /// Another document; its history begins here.
  open(document: MutableDocument): void {
    this.current = document;
    this.past = [];
    this.future = [];
    this.mergeKey = null;
    this.openedState = ++this.states;
    this.tell({ label: 'Open', cause: 'open', operations: [] });
  }

  setRegistry(registry: Registry): void {
    this.nodeTypes = registry;
    this.tell({ label: 'Node declarations', cause: 'registry', operations: [] });
  }

  /// Called after every change. Returns the function that ends it.
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /// Called only when the row of this node was inserted, replaced or removed, or everything changed.
  subscribeNode(graph: GraphId, node: NodeId, listener: () => void): () => void {
    const key = nodeKey(graph, node);
    const set = this.nodeListeners.get(key) ?? new Set();
    this.nodeListeners.set(key, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.nodeListeners.get(key) === set) this.nodeListeners.delete(key);
    };
  }

  private remember(label: string, operations: readonly Operation[], merge: string | null): void {
    const last = this.past.at(-1);
    const joins = merge !== null && merge === this.mergeKey && last !== undefined;
    const state = ++this.states;
    if (joins) this.past[this.past.length - 1] = { label: last.label, operations: [...last.operations, ...operations], state };
    else this.past.push({ label, operations, state });
    this.future = [];
    this.mergeKey = merge;
    this.tell({ label, cause: 'transact', operations });
  }

  private tell(change: Change): void {
    const everything = change.cause === 'open' || change.cause === 'registry';
    const keys = everything ? [...this.nodeListeners.keys()] : touchedNodes(change.operations);
    for (const key of new Set(keys)) {
      for (const listener of [...(this.nodeListeners.get(key) ?? [])]) listener();
    }
    for (const listener of [...this.listeners]) listener(change);
  }
}

function touchedNodes(operations: readonly Operation[]): string[] {
  return operations.flatMap((operation) => {
    if (operation.kind === 'replace' && operation.table === 'nodes') return [nodeKey(operation.graph, operation.after.id)];
    if ((operation.kind === 'insert' || operation.kind === 'remove') && operation.table === 'nodes') {
      return [nodeKey(operation.graph, operation.row.id)];
    }
    return [];
  });
}

function nodeKey(graph: GraphId, node: NodeId): string {
  return `${graph === ROOT ? 'root' : graph}/${node}`;
}
