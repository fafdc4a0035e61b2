import { useState } from 'react';
import { showNode } from '../../canvas/view';
import { outlineOf } from '../../state/outline';
import { select, useSelection } from '../../state/selection';
import { shownGraph, useActiveTab, useTabs } from '../../state/tabs';

export default function Outline() {
  useTabs((state) => state.version);
  const tab = useActiveTab();
  const chosen = useSelection((state) => state.nodes);
  const [query, setQuery] = useState('');
  if (!tab) return null;
  const words = query.toLowerCase();
  const rows = outlineOf(tab, shownGraph(tab)).filter((row) => `${row.title} ${row.detail} ${row.group}`.toLowerCase().includes(words));
  return (
    <>
      <div className="row">
        <input type="search" aria-label="Find nodes by title, type or value" placeholder="Find" value={query} onChange={(event) => setQuery(event.target.value)} />
      </div>
      <ol className="outline" aria-label="Nodes in the order in which they run">
        {rows.map((row) => (
          <li key={row.id}>
            <button
              type="button"
              aria-current={chosen.includes(row.id) ? 'true' : undefined}
              onClick={() => {
                select({ nodes: [row.id] });
                showNode(row.id);
              }}
            >
              <strong dir="auto">{row.title}</strong>
              <small dir="auto">{row.group ? `${row.group} · ` : ''}{row.detail}</small>
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}
