import { useEffect, useState } from 'react';
import type { ViewedPicture } from '../../state/dialogs';
import { pictureDifference } from '../../state/picture_graph';
import { pixelDifference, type PixelDifference } from './pixel_difference';
import type { ViewPlace } from './view_place';

const WAYS = ['slider', 'side by side', 'difference'] as const;
type Way = (typeof WAYS)[number];

interface CompareProps {
  first: ViewedPicture;
  second: ViewedPicture;
  place: ViewPlace;
}

/** Two pictures: under a slider, beside each other, or what differs; zoom and place are the same for both. */
export function Compare({ first, second, place }: CompareProps) {
  const [way, setWay] = useState<Way>('slider');
  const [part, setPart] = useState(50);
  const image = ({ url, title }: ViewedPicture) => <img src={url} alt={title} draggable={false} style={place.style} />;
  return (
    <div className="compare-all">
      <div className="row" role="radiogroup" aria-label="How to compare">
        {WAYS.map((name) => (
          <label key={name}><input type="radio" name="compare" checked={way === name} onChange={() => setWay(name)} /> {name}</label>
        ))}
        {way === 'slider' && (
          <input type="range" aria-label={`${first.title} to the left, ${second.title} to the right`} min={0} max={100} value={part} onChange={(event) => setPart(Number(event.target.value))} />
        )}
        {way === 'difference' && <PixelWords first={first} second={second} />}
      </div>
      <div className="viewer-stage compare" data-way={way} data-zoomed={place.zoom === 0 ? undefined : ''} {...place.handlers}>
        <div className="compare-pane">{image(first)}</div>
        <div className="compare-pane" style={way === 'slider' ? { clipPath: `inset(0 0 0 ${part}%)` } : undefined}>{image(second)}</div>
      </div>
      <Parameters first={first} second={second} />
    </div>
  );
}

function Parameters({ first, second }: { first: ViewedPicture; second: ViewedPicture }) {
  const [lines, setLines] = useState<{ kind: string; text: string }[] | null | undefined>(undefined);
  useEffect(() => {
    let current = true;
    void pictureDifference(first, second).then((found) => current && setLines(found));
    return () => void (current = false);
  }, [first, second]);
  if (lines === undefined) return null;
  if (lines === null) return <p className="muted">One of them holds no graph to compare.</p>;
  if (lines.length === 0) return <p className="muted">Made by the same graph.</p>;
  return <ul className="difference" aria-label="What differs in their graphs">{lines.map(({ kind, text }, i) => <li key={i} data-kind={kind}>{text}</li>)}</ul>;
}

function PixelWords({ first, second }: { first: ViewedPicture; second: ViewedPicture }) {
  const [found, setFound] = useState<PixelDifference | null>(null);
  useEffect(() => {
    let current = true;
    pixelDifference(first.url, second.url).then((one) => current && setFound(one), () => undefined);
    return () => void (current = false);
  }, [first, second]);
  if (!found) return null;
  const text = !found.sameSize ? 'They have different sizes.'
    : found.differing === 0 ? 'The same in every pixel.'
    : `${(found.differing * 100).toFixed(1)} % of the pixels differ, by ${found.largest} of 255 at most.`;
  return <span role="status">{text}</span>;
}
