import { useEffect, useState } from 'react';
import { removePipeline, removeWorkflow } from '../../net/pipelines';
import { openPipeline, openWorkflow } from '../../state/files';
import { attempt, notify } from '../../state/notices';
import { loadLibrary, useLibrary } from '../../state/pipelines';
import { linkTo } from '../../state/sharing';
import { IconButton } from '../icons';
import { Revisions } from './Revisions';
import { runCommand } from '../../commands';

export default function Workflows() {
  const { workflows, pipelines } = useLibrary();
  const [query, setQuery] = useState('');
  useEffect(() => attempt(loadLibrary), []);
  const matches = (text: string): boolean => text.toLowerCase().includes(query.toLowerCase());
  const share = (kind: 'workflow' | 'pipeline', name: string): void => {
    void navigator.clipboard?.writeText(linkTo(kind, name));
    notify('info', 'The address is on the clipboard.');
  };
  return (
    <>
      <div className="row">
        <input type="search" aria-label="Find workflows" placeholder="Find" value={query} onChange={(event) => setQuery(event.target.value)} />
      </div>
      <h3>Saved workflows</h3>
      <ul className="library" aria-label="Saved workflows">
        {workflows.filter(matches).map((file) => {
          const name = file.replace(/\.json$/, '');
          return (
            <li key={file}>
              <button type="button" onClick={() => attempt(() => openWorkflow(file))}>{name}</button>
              <IconButton icon="outline" label={`Copy the address of ${name}`} onClick={() => share('workflow', name)} />
              <IconButton icon="trash" label={`Delete ${name}`} onClick={() => attempt(async () => {
                await removeWorkflow(file);
                await loadLibrary();
              })} />
            </li>
          );
        })}
      </ul>
      {workflows.length === 0 && <p className="empty">Ctrl+S keeps a graph here.</p>}
      <h3>Pipelines</h3>
      <ul className="library" aria-label="Pipelines">
        {pipelines.filter(({ title, name }) => matches(`${title} ${name}`)).map((pipeline) => (
          <li key={pipeline.name}>
            <button type="button" title={pipeline.help} onClick={() => attempt(() => openPipeline(pipeline.name, pipeline.title))}>
              {pipeline.title} <small>{pipeline.name}</small>
            </button>
            <IconButton icon="outline" label={`Copy the address of ${pipeline.title}`} onClick={() => share('pipeline', pipeline.name)} />
            {!pipeline.read_only && <Revisions name={pipeline.name} />}
            {!pipeline.read_only && (
              <IconButton icon="trash" label={`Delete ${pipeline.title}`} onClick={() => attempt(async () => {
                await removePipeline(pipeline.name);
                await loadLibrary();
              })} />
            )}
          </li>
        ))}
      </ul>
      <button type="button" className="small" onClick={() => runCommand('file.pipeline')}>Save this graph as a pipeline</button>
    </>
  );
}
