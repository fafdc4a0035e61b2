// Icons as paths on a 16 x 16 grid, drawn with a line of 1.5.
const paths = {
  play: 'M5 3.5v9l7-4.5z',
  stop: 'M4.5 4.5h7v7h-7z',
  undo: 'M6 4 3 7l3 3M3 7h6.5a3.5 3.5 0 0 1 0 7H7',
  redo: 'm10 4 3 3-3 3M13 7H6.5a3.5 3.5 0 0 0 0 7H9',
  plus: 'M8 3v10M3 8h10',
  close: 'm4 4 8 8M12 4l-8 8',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5 14 14',
  folder: 'M2 4.5h4l1.5 2H14v6.5H2z',
  nodes: 'M2.5 3.5h4v3h-4zM9.5 9.5h4v3h-4zM6.5 5H8v6h1.5',
  jobs: 'M3 4h10M3 8h10M3 12h6',
  image: 'M2.5 3h11v10h-11zM2.5 11l3.5-4 3 3 2-2 2.5 3',
  outline: 'M3 3.5h10M5.5 8H13M8 12.5h5M3 3.5v9',
  warning: 'M8 2.5 14 13H2zM8 6.5v3M8 11.3v.2',
  form: 'M3 3h10v3H3zM3 9h10v4H3z',
  map: 'M2.5 3h11v10h-11zM8 8h5v4.5H8z',
  save: 'M3 3h8l2 2v8H3zM5.5 3v3.5h4V3M5 13V9.5h6V13',
  open: 'M8 2.5v8M4.5 7 8 10.5 11.5 7M3 13h10',
  command: 'M3 5.5 5.5 8 3 10.5M7.5 11.5H13',
  settings: 'M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 1.8v2M8 12.2v2M1.8 8h2M12.2 8h2M3.6 3.6 5 5M11 11l1.4 1.4M12.4 3.6 11 5M5 11l-1.4 1.4',
  more: 'M3 8h.2M8 8h.2M13 8h.2',
  fit: 'M3 6V3h3M13 6V3h-3M3 10v3h3M13 10v3h-3',
  left: 'm10 3-5 5 5 5',
  right: 'm6 3 5 5-5 5',
  download: 'M8 2.5v8M4.5 7 8 10.5 11.5 7M3 13.5h10',
  trash: 'M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.5 9h6l.5-9',
  retry: 'M13 8a5 5 0 1 1-1.5-3.5M13 2.5V5h-2.5',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  up: 'm3.5 10 4.5-4.5 4.5 4.5',
  brush: 'M13 3 7.5 8.5M6 9.5c-2 0-2 3-3.5 3.5 2 1 5 .5 5-2z',
  eraser: 'M6 13h7M3 9.5 9 3.5l4 4L7.5 13H6z',
  compare: 'M8 2v12M3 4h5v8H3zM8 4h5v8H8',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick(): void;
  pressed?: boolean;
  disabled?: boolean;
  keys?: string;
  badge?: number;
}

export function IconButton({ icon, label, onClick, pressed, disabled, keys, badge }: IconButtonProps) {
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      title={keys ? `${label} (${keys})` : label}
      onClick={onClick}
    >
      <Icon name={icon} />
      {badge ? <span className="badge">{badge > 99 ? '99+' : badge}</span> : null}
    </button>
  );
}
