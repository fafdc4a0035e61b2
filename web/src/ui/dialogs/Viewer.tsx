import type { KeyboardEvent } from 'react';
import { useDialogs, type ViewedPicture } from '../../state/dialogs';
import { openFile, openJob } from '../../state/files';
import { attempt } from '../../state/notices';
import { fetchBytes } from '../../net/files';
import { getJob } from '../../net/jobs';
import { receivePicture } from '../../state/receive';
import { Icon, IconButton } from '../icons';
import { Compare } from './Compare';
import { Modal } from './Modal';
import { useViewPlace } from './view_place';

interface ViewerProps {
  pictures: ViewedPicture[];
  at: number;
  compare: number | null;
}

const close = (): void => useDialogs.setState({ viewer: null });

/** One picture in full: zoom, next and previous; or two of them compared. */
export function Viewer({ pictures, at, compare }: ViewerProps) {
  const picture = pictures[at];
  const other = compare === null ? undefined : pictures[compare];
  const place = useViewPlace(at);
  if (!picture) return null;

  const go = (by: number): void => useDialogs.setState({ viewer: { pictures, at: (at + by + pictures.length) % pictures.length, compare: null } });
  const asFile = async (): Promise<File> => {
    const bytes = await fetchBytes(picture.url);
    return new File([bytes], picture.title, { type: bytes.type });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if ((event.target as HTMLElement).closest('input')) return;
    if (place.onKey(event)) return event.preventDefault();
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined || other) return;
    go(by);
    event.preventDefault();
  };

  return (
    <Modal label={other ? `${picture.title} and ${other.title}` : picture.title} wide onClose={close} onKeyDown={onKeyDown}>
      <div className="viewer">
        <div className="viewer-tools" role="toolbar" aria-label="Picture">
          <IconButton icon="left" label="Previous picture" onClick={() => go(-1)} disabled={pictures.length < 2} />
          <IconButton icon="right" label="Next picture" onClick={() => go(1)} disabled={pictures.length < 2} />
          <button type="button" className="small" onClick={() => place.setZoom(0)}>Fit</button>
          <button type="button" className="small" onClick={() => place.setZoom(1)}>1:1</button>
          <button type="button" className="small" aria-label="Zoom in" onClick={() => place.zoomBy(1.5)}>+</button>
          <button type="button" className="small" aria-label="Zoom out" onClick={() => place.zoomBy(1 / 1.5)}>-</button>
          <button type="button" className="small" onClick={() => attempt(async () => {
            const file = await asFile();
            close();
            await openFile(file).catch(async (error: unknown) => {
              if (!picture.job) throw error;
              await openJob(await getJob(picture.job));
            });
          })}>Open its graph</button>
          <button type="button" className="small" onClick={() => attempt(async () => {
            await receivePicture(await asFile());
            close();
          })}>Use as input</button>
          <a className="small" href={picture.url} download={picture.title}><Icon name="download" /> Download</a>
        </div>
        {other ? (
          <Compare first={picture} second={other} place={place} />
        ) : (
          <div className="viewer-stage" data-zoomed={place.zoom === 0 ? undefined : ''} {...place.handlers}>
            <img src={picture.url} alt={picture.title} draggable={false} style={place.style} />
          </div>
        )}
      </div>
    </Modal>
  );
}
