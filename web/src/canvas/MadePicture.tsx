import { valueOf } from '../model/values';
import { fileOfValue, fileUrl, type FileName } from '../net/files';
import { openViewer } from '../state/dialogs';
import type { Shown } from '../state/runs';
import type { NodeHere } from './context';

interface Props {
  here: NodeHere;
  made: Shown | undefined;
  preview: string | undefined;
  title: string;
}

/** What a node made: its preview while it runs, then its pictures or text; an upload shows its file. */
export function MadePicture({ here, made, preview, title }: Props) {
  if (preview) return <img src={preview} alt={`${title}: preview`} draggable={false} />;
  const images = made?.images.length ? made.images : uploaded(here);
  if (images.length === 0) return made?.text === undefined ? null : <pre className="made-text nodrag nowheel">{made.text}</pre>;
  const pictures = images.map((file) => ({ file, url: fileUrl(file), title: file.filename }));
  return (
    <div className="pictures" data-count={Math.min(images.length, 4)}>
      {images.slice(0, 4).map((file, i) => (
        <button
          key={`${file.subfolder}/${file.filename}`}
          type="button"
          className="picture nodrag"
          aria-label={`View ${file.filename}`}
          onClick={() => openViewer(pictures, i)}
        >
          <img src={fileUrl(file, { preview: true })} alt={`${title}: ${file.filename}`} draggable={false} decoding="async" />
        </button>
      ))}
      {images.length > 4 && <span className="more">+{images.length - 4}</span>}
    </div>
  );
}

function uploaded({ node, definition }: NodeHere): FileName[] {
  const input = definition?.inputs.find(({ widget }) => widget?.kind === 'choice' && widget.upload);
  const value = input && node && definition && valueOf(node, definition, input.name);
  return typeof value === 'string' && value !== '' ? [fileOfValue(value)] : [];
}
