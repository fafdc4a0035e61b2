import { useMemo, useState } from 'react';
import { addAndLink } from '../../canvas/adding';
import { toGraph } from '../../canvas/view';
import { searchNodes } from '../../model/search';
import type { NodeDefinition } from '../../model/definition';
import { useActiveTab, useTabs } from '../../state/tabs';

/** All nodes by category; a press adds one in the middle of the canvas. */
export default function NodeLibrary() {
  const registry = useTabs((state) => state.registry);
  const tab = useActiveTab();
  const [query, setQuery] = useState('');
  const categories = useMemo(() => {
    const found = new Map<string, NodeDefinition[]>();
    for (const definition of searchNodes(registry.all(), query)) {
      found.set(definition.category, [...(found.get(definition.category) ?? []), definition]);
    }
    return query ? [...found] : [...found].sort(([a], [b]) => a.localeCompare(b));
  }, [registry, query]);
  const add = (definition: NodeDefinition): void => {
    if (!tab) return;
    const box = document.querySelector('.canvas')?.getBoundingClientRect();
    addAndLink(tab, definition, toGraph({ x: (box?.left ?? 0) + 200, y: (box?.top ?? 0) + 200 }), null, false);
  };
  return (
    <>
      <div className="row">
        <input type="search" aria-label="Find node types" placeholder="Find" value={query} onChange={(event) => setQuery(event.target.value)} />
      </div>
      {categories.map(([category, definitions]) => (
        <details key={category} className="category" open={query !== ''}>
          <summary>{category || 'other'}</summary>
          <ul>
            {definitions.map((definition) => (
              <li key={definition.type}>
                <button type="button" title={definition.description} onClick={() => add(definition)}>{definition.displayName}</button>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </>
  );
}
