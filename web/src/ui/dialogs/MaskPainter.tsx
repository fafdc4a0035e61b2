import { useEffect, useRef, useState, type PointerEvent } from 'react';
import { setValue } from '../../canvas/edit';
import { fetchBytes, fileOfValue, fileUrl, uploadMask } from '../../net/files';
import { useDialogs, type MaskTarget } from '../../state/dialogs';
import { attempt } from '../../state/notices';
import { newId } from '../../state/ids';
import { findTab } from '../../state/tabs';
import { IconButton } from '../icons';
import { Modal } from './Modal';

const close = (): void => useDialogs.setState({ mask: null });

/** Paints what is to be drawn anew; it becomes the transparency of a copy of the picture. */
export function MaskPainter({ target }: { target: MaskTarget }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [brush, setBrush] = useState(24);
  const [feather, setFeather] = useState(0);
  const [erase, setErase] = useState(false);
  const undo = useRef<ImageData[]>([]);
  const last = useRef<{ x: number; y: number } | null>(null);
  const url = fileUrl(fileOfValue(target.value));

  // A picture that has a mask already is painted on.
  useEffect(() => {
    attempt(async () => {
      const bitmap = await createImageBitmap(await fetchBytes(url));
      setSize({ width: bitmap.width, height: bitmap.height });
      requestAnimationFrame(() => {
        const context = canvas.current?.getContext('2d', { willReadFrequently: true });
        if (!context) return;
        context.drawImage(bitmap, 0, 0);
        const data = context.getImageData(0, 0, bitmap.width, bitmap.height);
        for (let i = 0; i < data.data.length; i += 4) {
          data.data[i + 3] = 255 - (data.data[i + 3] ?? 255);
          data.data.set([255, 64, 64], i);
        }
        context.putImageData(data, 0, 0);
      });
    });
  }, [url]);

  const context = (): CanvasRenderingContext2D | null => canvas.current?.getContext('2d', { willReadFrequently: true }) ?? null;
  const remember = (): void => {
    const now = context()?.getImageData(0, 0, size.width, size.height);
    if (now) undo.current = [...undo.current.slice(-19), now];
  };
  const placeOf = (event: PointerEvent): { x: number; y: number } => {
    const box = canvas.current!.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * size.width, y: ((event.clientY - box.top) / box.height) * size.height };
  };
  const stroke = (event: PointerEvent): void => {
    const drawing = context();
    if (!drawing || !last.current) return;
    const to = placeOf(event);
    drawing.globalCompositeOperation = erase ? 'destination-out' : 'source-over';
    drawing.strokeStyle = 'rgb(255 64 64)';
    drawing.lineWidth = brush;
    drawing.lineCap = 'round';
    drawing.beginPath();
    drawing.moveTo(last.current.x, last.current.y);
    drawing.lineTo(to.x, to.y);
    drawing.stroke();
    last.current = to;
  };
  const fill = (painted: boolean): void => {
    remember();
    const drawing = context();
    if (!drawing) return;
    drawing.globalCompositeOperation = 'source-over';
    drawing.clearRect(0, 0, size.width, size.height);
    if (!painted) return;
    drawing.fillStyle = 'rgb(255 64 64)';
    drawing.fillRect(0, 0, size.width, size.height);
  };

  const store = (): void => attempt(async () => {
    const tab = findTab(target.tab);
    const painted = context();
    if (!tab || !painted) return;
    const mask = await maskPng(painted, size, feather);
    const value = await uploadMask(mask, fileOfValue(target.value), `mask-${newId().slice(0, 8)}.png`);
    setValue(tab, target.graph, target.node, target.input, `${value} [input]`);
    close();
  });

  return (
    <Modal label="Paint a mask" wide onClose={close}>
      <div className="mask-tools row" role="toolbar" aria-label="Mask">
        <IconButton icon="brush" label="Brush" pressed={!erase} onClick={() => setErase(false)} />
        <IconButton icon="eraser" label="Eraser" pressed={erase} onClick={() => setErase(true)} />
        <label>Size <input type="range" min={1} max={200} value={brush} onChange={(event) => setBrush(Number(event.target.value))} /></label>
        <label>Feather <input type="range" min={0} max={40} value={feather} onChange={(event) => setFeather(Number(event.target.value))} /></label>
        <IconButton icon="undo" label="Undo the last stroke" onClick={() => {
          const before = undo.current.pop();
          if (before) context()?.putImageData(before, 0, 0);
        }} />
        <button type="button" className="small" onClick={() => fill(true)}>All</button>
        <button type="button" className="small" onClick={() => fill(false)}>Nothing</button>
        <button type="button" className="primary" onClick={store}>Use this mask</button>
      </div>
      <div className="mask-stage">
        <div className="mask-layers" style={{ aspectRatio: `${size.width || 1} / ${size.height || 1}` }}>
          <img src={url} alt="The picture under the mask" draggable={false} />
          <canvas
            ref={canvas}
            width={size.width}
            height={size.height}
            aria-label="Mask: paint with the pointer, or use All and Nothing"
            role="img"
            onPointerDown={(event) => {
              remember();
              event.currentTarget.setPointerCapture(event.pointerId);
              last.current = placeOf(event);
              stroke(event);
            }}
            onPointerMove={stroke}
            onPointerUp={() => (last.current = null)}
          />
        </div>
      </div>
    </Modal>
  );
}

/** A picture whose transparency is the mask: what is painted is transparent. */
async function maskPng(painted: CanvasRenderingContext2D, { width, height }: { width: number; height: number }, feather: number): Promise<Blob> {
  const result = new OffscreenCanvas(width, height);
  const drawing = result.getContext('2d')!;
  if (feather > 0) drawing.filter = `blur(${feather}px)`;
  drawing.drawImage(painted.canvas, 0, 0);
  drawing.filter = 'none';
  const data = drawing.getImageData(0, 0, width, height);
  for (let i = 0; i < data.data.length; i += 4) {
    data.data[i + 3] = 255 - (data.data[i + 3] ?? 0);
    data.data.set([0, 0, 0], i);
  }
  drawing.putImageData(data, 0, 0);
  return result.convertToBlob({ type: 'image/png' });
}
