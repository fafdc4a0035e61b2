import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useDialogs, type ViewedPicture } from '../../state/dialogs';
import { openFile, openJob } from '../../state/files';
import { attempt } from '../../state/notices';
import { fetchBytes } from '../../net/files';
import { receivePicture } from '../../state/receive';
import { Icon, IconButton } from '../icons';
import { Modal } from './Modal';

interface ViewerProps {
  pictures: ViewedPicture[];
  at: number;
  compare: number | null;
}

const close = (): void => useDialogs.setState({ viewer: null });

/** One picture in full: zoom, next and previous; or two of them under a slider. */
export function Viewer({ pictures, at, compare }: ViewerProps) {
  const [zoom, setZoom] = useState(0); // 0: fits
  const [shift, setShift] = useState({ x: 0, y: 0 });
  const from = useRef<{ x: number; y: number } | null>(null);
  const picture = pictures[at];
  const other = compare === null ? undefined : pictures[compare];
  useEffect(() => setShift({ x: 0, y: 0 }), [at, zoom]);
  if (!picture) return null;

  const go = (by: number): void => useDialogs.setState({ viewer: { pictures, at: (at + by + pictures.length) % pictures.length, compare: null } });
  const asFile = async (): Promise<File> => {
    const bytes = await fetchBytes(picture.url);
    return new File([bytes], picture.title, { type: bytes.type });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if ((event.target as HTMLElement).closest('input')) return;
    if (event.key === 'ArrowRight') go(1);
    else if (event.key === 'ArrowLeft') go(-1);
    else if (event.key === '+' || event.key === '=') setZoom((zoom || 1) * 1.5);
    else if (event.key === '-') setZoom(Math.max(0.25, (zoom || 1) / 1.5));
    else if (event.key === '1') setZoom(1);
    else if (event.key === '0') setZoom(0);
    else return;
    event.preventDefault();
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (!from.current || zoom === 0) return;
    setShift({ x: event.clientX - from.current.x, y: event.clientY - from.current.y });
  };

  return (
    <Modal label={picture.title} wide onClose={close} onKeyDown={onKeyDown}>
      <div className="viewer">
        <div className="viewer-tools" role="toolbar" aria-label="Picture">
          <IconButton icon="left" label="Previous picture" onClick={() => go(-1)} disabled={pictures.length < 2} />
          <IconButton icon="right" label="Next picture" onClick={() => go(1)} disabled={pictures.length < 2} />
          <button type="button" className="small" onClick={() => setZoom(0)}>Fit</button>
          <button type="button" className="small" onClick={() => setZoom(1)}>1:1</button>
          <button type="button" className="small" aria-label="Zoom in" onClick={() => setZoom((zoom || 1) * 1.5)}>+</button>
          <button type="button" className="small" aria-label="Zoom out" onClick={() => setZoom((zoom || 1) / 1.5)}>-</button>
          <button type="button" className="small" onClick={() => attempt(async () => {
            const file = await asFile();
            close();
            await openFile(file).catch(async (error: unknown) => {
              if (!picture.job) throw error;
              await openJob(picture.job);
            });
          })}>Open its graph</button>
          <button type="button" className="small" onClick={() => attempt(async () => {
            await receivePicture(await asFile());
            close();
          })}>Use as input</button>
          <a className="small" href={picture.url} download={picture.title}><Icon name="download" /> Download</a>
        </div>
        <div
          className="viewer-stage"
          data-zoomed={zoom === 0 ? undefined : ''}
          onWheel={(event) => setZoom(Math.max(0.25, Math.min(16, (zoom || 1) * (event.deltaY < 0 ? 1.2 : 1 / 1.2))))}
          onPointerDown={(event) => {
            if ((event.target as HTMLElement).closest('input')) return;
            event.preventDefault();
            from.current = { x: event.clientX - shift.x, y: event.clientY - shift.y };
          }}
          onPointerMove={onPointerMove}
          onPointerUp={() => (from.current = null)}
        >
          {other ? (
            <Compare first={picture} second={other} />
          ) : (
            <img src={picture.url} alt={picture.title} draggable={false} style={zoom === 0 ? undefined : { transform: `translate(${shift.x}px, ${shift.y}px) scale(${zoom})` }} />
          )}
        </div>
      </div>
    </Modal>
  );
}

function Compare({ first, second }: { first: ViewedPicture; second: ViewedPicture }) {
  const [part, setPart] = useState(50);
  return (
    <div className="compare">
      <img src={first.url} alt={first.title} draggable={false} />
      <img src={second.url} alt={second.title} draggable={false} style={{ clipPath: `inset(0 0 0 ${part}%)` }} />
      <input type="range" aria-label={`${first.title} to the left, ${second.title} to the right`} min={0} max={100} value={part} onChange={(event) => setPart(Number(event.target.value))} />
    </div>
  );
}
