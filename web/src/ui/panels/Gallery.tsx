import { useMemo, useState } from 'react';
import { fileUrl } from '../../net/files';
import { openViewer } from '../../state/dialogs';
import { allPictures } from '../../state/gallery';
import { loadMoreJobs, useJobs } from '../../state/jobs';
import { attempt } from '../../state/notices';
import { Icon } from '../icons';

export default function Gallery() {
  const { jobs, next } = useJobs();
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState<number[]>([]);
  const all = useMemo(() => allPictures(jobs), [jobs]);
  const shown = all.filter(({ title }) => title.toLowerCase().includes(query.toLowerCase()));
  const [first, second] = chosen;
  return (
    <>
      <div className="row">
        <input type="search" aria-label="Find pictures by name" placeholder="Find" value={query} onChange={(event) => setQuery(event.target.value)} />
        <button
          type="button"
          className="small"
          disabled={first === undefined || second === undefined}
          onClick={() => first !== undefined && second !== undefined && openViewer(shown, first, second)}
        >
          <Icon name="compare" /> Compare
        </button>
      </div>
      <ul className="gallery" aria-label="Pictures, newest first">
        {shown.map((picture, i) => (
          <li key={`${picture.job}/${picture.title}`}>
            <button type="button" aria-label={`View ${picture.title}`} onClick={() => openViewer(shown, i)}>
              <img src={fileUrl(picture.file, { preview: true })} alt={picture.title} loading="lazy" decoding="async" />
            </button>
            <label>
              <input
                type="checkbox"
                aria-label={`Choose ${picture.title} to compare`}
                checked={chosen.includes(i)}
                onChange={(event) => setChosen(event.target.checked ? [...chosen, i].slice(-2) : chosen.filter((one) => one !== i))}
              />
              {picture.title}
            </label>
          </li>
        ))}
      </ul>
      {all.length === 0 && <p className="empty">Pictures of finished jobs appear here.</p>}
      {next && <button type="button" className="small" onClick={() => attempt(loadMoreJobs)}>Older pictures</button>}
    </>
  );
}
