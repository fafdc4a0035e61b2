import { openPipeline, chooseFiles } from '../state/files';
import { attempt } from '../state/notices';
import { useTabs, type Tab } from '../state/tabs';
import { useLibrary } from '../state/pipelines';
import { openNodePalette } from '../canvas/gestures';
import { placeForNew } from '../canvas/view';

/** What an empty graph offers: graphs to begin with, as the server has them. */
export function Starters({ tab }: { tab: Tab | undefined }) {
  useTabs((state) => state.version);
  const pipelines = useLibrary((state) => state.pipelines);
  if (tab && (tab.editor.document.root.nodes.size > 0 || tab.path.length > 0)) return null;
  return (
    <section className="starters" aria-label="Begin">
      <h1>Begin with a graph</h1>
      <div className="cards">
        {pipelines.slice(0, 6).map(({ name, title, help }) => (
          <button key={name} type="button" className="card" onClick={() => attempt(() => openPipeline(name, title))}>
            <strong>{title}</strong>
            <span>{help}</span>
          </button>
        ))}
      </div>
      <p>
        Or drop a picture or a workflow here, <button type="button" className="link" onClick={chooseFiles}>open a file</button>, or{' '}
        <button type="button" className="link" onClick={() => openNodePalette(placeForNew())}>add a node</button> (Tab, / or double click).
      </p>
    </section>
  );
}
