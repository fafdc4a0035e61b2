import { useState } from 'react';
import { pipelineRevisions, type Revision } from '../../net/pipelines';
import { openPipeline } from '../../state/files';
import { attempt } from '../../state/notices';
import { restoreRevision, showRevisionChanges } from '../../state/revisions';
import { IconButton } from '../icons';

/** All that a pipeline was: opened, compared with what came before, made the newest again. */
export function Revisions({ name }: { name: string }) {
  const [revisions, setRevisions] = useState<Revision[] | null>(null);
  const load = (): void => attempt(async () => setRevisions((await pipelineRevisions(name)).reverse()));
  if (!revisions) return <IconButton icon="retry" label={`Revisions of ${name}`} onClick={load} />;
  const newest = revisions[0]?.revision;
  return (
    <ul className="revisions" aria-label={`Revisions of ${name}`}>
      {revisions.map(({ revision, saved }, i) => {
        const before = revisions[i + 1]?.revision;
        return (
          <li key={revision}>
            <span>{revision} · {saved.slice(0, 16).replace('T', ' ')}</span>
            <button type="button" className="small" aria-label={`Open revision ${revision} of ${name}`} onClick={() => attempt(() => openPipeline(`${name}@${revision}`, `${name}@${revision}`))}>open</button>
            {before !== undefined && (
              <button type="button" className="small" aria-label={`What changed in revision ${revision} of ${name}`} onClick={() => attempt(() => showRevisionChanges(name, before, revision))}>changes</button>
            )}
            {revision !== newest && (
              <button type="button" className="small" aria-label={`Restore revision ${revision} of ${name}`} onClick={() => attempt(async () => {
                await restoreRevision(name, revision);
                load();
              })}>restore</button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
