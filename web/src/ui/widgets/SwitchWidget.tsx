import type { WidgetProps } from './props';

interface Labels {
  on: string | null;
  off: string | null;
}

export function SwitchWidget({ label, value, onChange, onEnd, labels, ...rest }: WidgetProps<boolean> & { labels: Labels }) {
  return (
    <label className="widget switch nodrag" title={rest.tooltip}>
      <span className="widget-label">{label}</span>
      <span className="switch-text">{value ? (labels.on ?? 'on') : (labels.off ?? 'off')}</span>
      <input
        type="checkbox"
        role="switch"
        aria-label={rest.name}
        disabled={rest.disabled}
        checked={value}
        onChange={(event) => {
          onChange(event.target.checked);
          onEnd();
        }}
      />
    </label>
  );
}
