import { useEffect, useState, type RefObject } from 'react';

export interface RowWindow {
  first: number;
  /** Behind the last one. */
  end: number;
}

const EXTRA = 3;

/** Which rows of a long list are in view (and a few around them): the others need not be in the page. */
export function useRowWindow(list: RefObject<HTMLElement | null>, rows: number, rowHeight: number): RowWindow {
  const [range, setRange] = useState<RowWindow>({ first: 0, end: 20 });
  useEffect(() => {
    const element = list.current;
    const scroller = element?.closest<HTMLElement>('.panel');
    if (!element || !scroller || rowHeight <= 0) return;
    const measure = (): void => {
      const above = scroller.getBoundingClientRect().top - element.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(above / rowHeight) - EXTRA);
      const end = Math.min(rows, Math.ceil((above + scroller.clientHeight) / rowHeight) + EXTRA);
      setRange((before) => (before.first === first && before.end === end ? before : { first, end }));
    };
    measure();
    const resized = new ResizeObserver(measure);
    resized.observe(scroller);
    scroller.addEventListener('scroll', measure, { passive: true });
    return () => {
      resized.disconnect();
      scroller.removeEventListener('scroll', measure);
    };
  }, [list, rows, rowHeight]);
  return { first: Math.min(range.first, rows), end: Math.min(Math.max(range.end, range.first), rows) };
}
