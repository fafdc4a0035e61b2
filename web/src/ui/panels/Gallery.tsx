import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from 'react';
import { fileUrl } from '../../net/files';
import { openViewer, type ViewedPicture } from '../../state/dialogs';
import { allPictures } from '../../state/gallery';
import { loadMoreJobs, useJobs } from '../../state/jobs';
import { attempt } from '../../state/notices';
import { Icon } from '../icons';
import { useRowWindow } from '../window_rows';

const COLUMNS = 2;
const keyOf = ({ job, title, file }: ViewedPicture): string => `${job}/${file.subfolder}/${title}`;

/** All pictures, newest first; only the rows in view are in the page. Arrows go from picture to picture. */
export default function Gallery() {
  const { jobs, next } = useJobs();
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState<string[]>([]);
  const list = useRef<HTMLUListElement>(null);
  const rowHeight = useRowHeight(list);
  const all = useMemo(() => allPictures(jobs), [jobs]);
  const shown = useMemo(() => all.filter(({ title }) => title.toLowerCase().includes(query.toLowerCase())), [all, query]);
  const rows = Math.ceil(shown.length / COLUMNS);
  const { first, end } = useRowWindow(list, rows, rowHeight);
  const { at, setAt, onKeyDown } = useArrows(list, shown.length, rowHeight);
  const places = chosen.map((key) => shown.findIndex((picture) => keyOf(picture) === key)).filter((i) => i >= 0);

  return (
    <>
      <div className="row">
        <input type="search" aria-label="Find pictures by name" placeholder="Find" value={query} onChange={(event) => setQuery(event.target.value)} />
        <button type="button" className="small" disabled={places.length < 2} onClick={() => openViewer(shown, places[0]!, places[1]!)}>
          <Icon name="compare" /> Compare
        </button>
      </div>
      <ul
        ref={list}
        className="gallery"
        aria-label="Pictures, newest first"
        style={{ height: rows * rowHeight, paddingTop: first * rowHeight }}
        onKeyDown={onKeyDown}
      >
        {shown.slice(first * COLUMNS, end * COLUMNS).map((picture, offset) => {
          const i = first * COLUMNS + offset;
          return (
            <li key={keyOf(picture)} aria-setsize={shown.length} aria-posinset={i + 1}>
              <button type="button" data-at={i} tabIndex={i === at ? 0 : -1} aria-label={`View ${picture.title}`} onFocus={() => setAt(i)} onClick={() => openViewer(shown, i)}>
                <img src={fileUrl(picture.file, { preview: true })} alt={picture.title} loading="lazy" decoding="async" />
              </button>
              <label title={picture.title}>
                <input
                  type="checkbox"
                  aria-label={`Choose ${picture.title} to compare`}
                  checked={chosen.includes(keyOf(picture))}
                  onChange={(event) => setChosen(event.target.checked ? [...chosen, keyOf(picture)].slice(-2) : chosen.filter((one) => one !== keyOf(picture)))}
                />
                <span>{picture.title}</span>
              </label>
            </li>
          );
        })}
      </ul>
      {all.length === 0 && <p className="empty">Pictures of finished jobs appear here.</p>}
      {next && <button type="button" className="small" onClick={() => attempt(loadMoreJobs)}>Older pictures</button>}
    </>
  );
}

const GAP = 6;
const LABEL = 28;

/** Squares as wide as the columns, a line of text below each. */
function useRowHeight(list: RefObject<HTMLElement | null>): number {
  const [height, setHeight] = useState(170);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const measure = (): void => {
      const text = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
      setHeight(Math.round((element.clientWidth - GAP) / COLUMNS + LABEL * text + GAP));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [list]);
  return height;
}

/** One stop for Tab; arrows, Home and End go on from there. */
function useArrows(list: RefObject<HTMLElement | null>, count: number, rowHeight: number) {
  const [at, setAt] = useState(0);
  const [wanted, setWanted] = useState(-1);
  // The row may come into the page only after it has been scrolled to.
  useEffect(() => {
    if (wanted < 0) return;
    const button = list.current?.querySelector<HTMLElement>(`[data-at="${wanted}"]`);
    if (button) {
      button.focus();
      setWanted(-1);
      return;
    }
    const scroller = list.current?.closest('.panel');
    if (scroller) scroller.scrollTop = Math.floor(wanted / COLUMNS) * rowHeight;
  });
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = Number((event.target as HTMLElement).dataset.at ?? NaN);
    const to = { ArrowRight: from + 1, ArrowLeft: from - 1, ArrowDown: from + COLUMNS, ArrowUp: from - COLUMNS, Home: 0, End: count - 1 }[event.key];
    if (Number.isNaN(from) || to === undefined) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(count - 1, to)));
    setWanted(Math.max(0, Math.min(count - 1, to)));
  };
  return { at: Math.min(at, Math.max(0, count - 1)), setAt, onKeyDown };
}
