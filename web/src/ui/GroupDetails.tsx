import { setGroupCollapsed, setGroupColor, setGroupTitle, GROUP_COLOR } from '../model/commands/groups';
import { shownGraph, type Tab } from '../state/tabs';

/** A group's title and colour, for the details beside the canvas. */
export function GroupDetails({ tab, id }: { tab: Tab; id: string }) {
  const graph = shownGraph(tab);
  const group = graph.groups.get(id);
  if (!group) return <p className="empty">Select a node.</p>;
  const collapsed = group.flags.collapsed === true;
  return (
    <div className="details">
      <h3 dir="auto">{group.title}</h3>
      <div className="row">
        <label>
          title{' '}
          <input
            type="text"
            dir="auto"
            value={group.title}
            onChange={(event) => tab.editor.transact('Rename group', (tx) => setGroupTitle(tx, graph.id, id, event.target.value), { merge: `group/${id}` })}
            onBlur={() => tab.editor.seal()}
          />
        </label>
        <label>
          colour{' '}
          <input
            type="color"
            value={/^#[0-9a-f]{6}$/i.test(group.color ?? '') ? group.color! : GROUP_COLOR}
            onChange={(event) => tab.editor.transact('Colour', (tx) => setGroupColor(tx, graph.id, id, event.target.value), { merge: `colour/${id}` })}
            onBlur={() => tab.editor.seal()}
          />
        </label>
        <label>
          <input type="checkbox" checked={collapsed} onChange={() => tab.editor.transact('Collapse', (tx) => setGroupCollapsed(tx, graph.id, [id], !collapsed))} /> collapsed
        </label>
      </div>
    </div>
  );
}
