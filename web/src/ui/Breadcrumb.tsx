import { leaveSubgraph } from '../canvas/actions';
import { graphAtPath } from '../model/document';
import type { Tab } from '../state/tabs';

/** Where one is inside subgraphs, and the way out. */
export function Breadcrumb({ tab }: { tab: Tab }) {
  if (tab.path.length === 0) return null;
  return (
    <nav className="breadcrumb" aria-label="Subgraphs">
      <button type="button" onClick={() => leaveSubgraph(0)}>{tab.name}</button>
      {tab.path.map((id, i) => {
        const name = graphAtPath(tab.editor.document, tab.path.slice(0, i + 1))?.header.name || 'Subgraph';
        const isLast = i === tab.path.length - 1;
        return (
          <span key={`${id}/${i}`}>
            {' / '}
            {isLast ? <strong>{name}</strong> : <button type="button" onClick={() => leaveSubgraph(i + 1)}>{name}</button>}
          </span>
        );
      })}
    </nav>
  );
}
