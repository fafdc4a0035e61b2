import type { NodeProps } from '@xyflow/react';
import { memo, useState } from 'react';
import { titleOf } from '../model/definition_of';
import { resizeGroup } from '../model/commands/groups';
import { useCanvas, useNode } from './context';
import type { BoundaryData } from './boundary';
import { resize, setNoteText } from './edit';
import { groupId } from './flow_nodes';
import { TITLE, PAD, ROW } from './geometry';
import { Markdown } from '../ui/Markdown';
import { Resizer } from './Resizer';
import { InputSocket, OutputSocket } from './Socket';

/** A remark: shown as safe Markdown, as plain text while it is edited. */
export const NoteNode = memo(function NoteNode({ id, selected, width = 0, height = 0 }: NodeProps) {
  const { tab, graphId, node, definition } = useNode(id);
  const [editing, setEditing] = useState(false);
  if (!node) return null;
  const text = String((Array.isArray(node.values) ? node.values[0] : '') ?? '');
  const title = titleOf(node, definition);
  return (
    <article className="node note" aria-label={`${title}, note`} data-id={id} data-type={node.type} data-selected={selected ? '' : undefined}>
      <header className="node-title"><span className="node-name" dir="auto">{title}</span></header>
      {editing ? (
        <textarea
          className="nodrag nowheel"
          aria-label={`${title}: text`}
          dir="auto"
          autoFocus
          value={text}
          onChange={(event) => setNoteText(tab, graphId, id, event.target.value)}
          onBlur={() => {
            setEditing(false);
            tab.editor.seal();
          }}
        />
      ) : (
        <button type="button" className="note-text nodrag" aria-label={`${title}: edit`} onClick={() => setEditing(true)}>
          <Markdown text={text || '…'} />
        </button>
      )}
      <Resizer label="Resize the note" size={{ width, height }} onResize={(w, h) => resize(tab, graphId, id, w, h)} onEnd={() => tab.editor.seal()} />
    </article>
  );
});

export const GroupBox = memo(function GroupBox({ id, data, selected, width = 0, height = 0 }: NodeProps) {
  const { title, color, collapsed, count } = data as { title: string; color: string | null; collapsed: boolean; count?: number };
  const { tab, graph } = useCanvas();
  const own = id.slice(groupId('').length);
  const resize = (w: number, h: number): void => {
    tab.editor.transact('Resize group', (tx) => {
      const [x, y] = tx.row(graph, 'groups', own).bounding;
      resizeGroup(tx, graph, own, [x, y, Math.max(LEAST, w), Math.max(LEAST, h)]);
    }, { merge: `size/${id}` });
  };
  return (
    <section
      className="group-box"
      data-selected={selected ? '' : undefined}
      data-collapsed={collapsed ? '' : undefined}
      aria-label={`Group ${title}${collapsed ? ', collapsed' : ''}`}
      style={{ '--group': color ?? undefined } as React.CSSProperties}
    >
      <header className="group-title" dir="auto">{title}{collapsed && <small> {count}</small>}</header>
      {!collapsed && <Resizer label="Resize the group" size={{ width, height }} onResize={resize} onEnd={() => tab.editor.seal()} />}
    </section>
  );
});

const LEAST = 80;

export const RerouteDot = memo(function RerouteDot({ selected }: NodeProps) {
  return <div className="reroute" data-selected={selected ? '' : undefined} aria-label="Reroute" role="img" />;
});

export const BoundaryBox = memo(function BoundaryBox({ id, data }: NodeProps) {
  const { side, slots } = data as BoundaryData;
  const y = (i: number): number => TITLE + PAD + i * ROW + ROW / 2;
  return (
    <article className="node boundary" aria-label={side === 'inputs' ? 'Inputs of the subgraph' : 'Outputs of the subgraph'}>
      <header className="node-title"><span className="node-name">{side === 'inputs' ? 'Inputs' : 'Outputs'}</span></header>
      {slots.map((slot, i) => (
        <div key={slot.key}>
          <span className={`socket-name ${side === 'inputs' ? 'out' : 'in'}`} style={{ top: y(i) - ROW / 2 }}>{slot.label}</span>
          {side === 'inputs' ? (
            <OutputSocket node={id} y={y(i)} type={slot.type} label={slot.label} output={i} linked />
          ) : (
            <InputSocket node={id} y={y(i)} type={slot.type} label={slot.label} input={slot.key} linked />
          )}
        </div>
      ))}
    </article>
  );
});
