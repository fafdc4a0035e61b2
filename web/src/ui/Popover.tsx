import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';

interface PopoverProps {
  at: { x: number; y: number };
  width?: number;
  label: string;
  onClose(): void;
  children: ReactNode;
}

/** A floating box that stays in the window, closes with Escape or a press elsewhere, and gives the focus back. */
export function Popover({ at, width, label, onClose, children }: PopoverProps) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState(at);
  const [before] = useState(() => document.activeElement as HTMLElement | null);

  useLayoutEffect(() => {
    const rect = box.current?.getBoundingClientRect();
    if (!rect) return;
    setPlace({
      x: Math.max(8, Math.min(at.x, window.innerWidth - rect.width - 8)),
      y: Math.max(8, Math.min(at.y, window.innerHeight - rect.height - 8)),
    });
  }, [at.x, at.y]);

  useEffect(() => {
    const outside = (event: PointerEvent): void => {
      if (!box.current?.contains(event.target as Node)) onClose();
    };
    document.addEventListener('pointerdown', outside, true);
    return () => {
      document.removeEventListener('pointerdown', outside, true);
      if (!document.activeElement || document.activeElement === document.body) before?.focus();
    };
  }, [onClose, before]);

  return createPortal(
    <div
      ref={box}
      className="popover"
      role="dialog"
      aria-label={label}
      style={{ left: place.x, top: place.y, width }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        before?.focus();
        onClose();
      }}
    >
      {children}
    </div>,
    document.body,
  );
}
